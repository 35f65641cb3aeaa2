from brightkitchen.devices.rtsp.startgate import HOLD_S, HOLD_UNITS, Held, StartGate
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, VideoFormat

VIDEO = VideoFormat(Codec.H264, 1920, 1080, (b"\x67", b"\x68"), "avc1.640028")
OTHER = VideoFormat(Codec.H264, 1280, 720, (b"\x67", b"\x68"), "avc1.64001f")
SOUND = AudioFormat(Codec.PCMA, 8000, 1, "pcma")


def picture(pts: int) -> AccessUnit:
    return AccessUnit(VIDEO_TRACK, pts, b"\0\0\0\1\x65", pts == 0, Utc(pts))


def test_gate_with_one_track_lets_the_first_picture_through_at_once() -> None:
    first = picture(0)
    assert StartGate(1).take([(VIDEO_TRACK, VIDEO)], [first], 0.0) == Held({VIDEO_TRACK: VIDEO}, [first])


def test_gate_with_sound_promised_holds_pictures_until_the_sound_is_known() -> None:
    gate = StartGate(2)
    pictures = [picture(0), picture(3600)]
    heard = AccessUnit(AUDIO_TRACK, 0, b"\xd5", True, Utc(0))
    assert gate.take([(VIDEO_TRACK, VIDEO)], pictures[:1], 0.0) is None
    assert gate.take([], pictures[1:], 0.04) is None
    assert gate.take([(AUDIO_TRACK, SOUND)], [heard], 0.05) == Held(
        {VIDEO_TRACK: VIDEO, AUDIO_TRACK: SOUND}, [*pictures, heard]
    )


def test_gate_sound_never_comes_opens_after_half_a_second() -> None:
    gate = StartGate(2)
    assert gate.take([(VIDEO_TRACK, VIDEO)], [picture(0)], 10.0) is None
    assert gate.take([], [picture(3600)], 10.0 + HOLD_S - 0.01) is None
    held = gate.take([], [picture(7200)], 10.0 + HOLD_S)
    assert held is not None
    assert (list(held.formats), len(held.units)) == ([VIDEO_TRACK], 3)


def test_gate_never_holds_more_than_its_bound() -> None:
    held = StartGate(2).take([(VIDEO_TRACK, VIDEO)], [picture(n) for n in range(HOLD_UNITS)], 0.0)
    assert held is not None
    assert len(held.units) == HOLD_UNITS


def test_gate_without_units_does_not_start_its_clock() -> None:
    gate = StartGate(2)
    assert gate.take([(VIDEO_TRACK, VIDEO)], [], 0.0) is None
    assert gate.take([], [picture(0)], 100.0) is None


def test_gate_known_track_changes_is_contradicted() -> None:
    gate = StartGate(2)
    gate.take([(VIDEO_TRACK, VIDEO)], [picture(0)], 0.0)
    assert gate.is_contradicted([(VIDEO_TRACK, OTHER)])
    assert not gate.is_contradicted([(VIDEO_TRACK, VIDEO), (AUDIO_TRACK, SOUND)])
    assert len(gate.open().units) == 1


def test_gate_two_formats_in_one_read_is_contradicted() -> None:
    assert StartGate(1).is_contradicted([(VIDEO_TRACK, VIDEO), (VIDEO_TRACK, OTHER)])
