from io import BytesIO

import av
import pytest
from tests.encoding import encode_numbers

from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec
from brightkitchen.wire.fmp4.interleave import join_tracks
from brightkitchen.wire.fmp4.writer import build_fragment, build_init

SOUND = AudioFormat(Codec.AAC, 8000, 1, "mp4a.40.2", bytes.fromhex("1588"))
AT = Utc(1)


def build_both() -> tuple[bytes, bytes, list[bytes], list[bytes]]:
    """Return a fragment of three pictures, one of two frames of sound, and the data of each."""
    pictures = encode_numbers(3).units
    units = [AccessUnit(VIDEO_TRACK, unit.pts, unit.data, unit.is_key, AT) for unit in pictures]
    frames = [bytes([7]) * 30, bytes([8]) * 40]
    sound = [AccessUnit(AUDIO_TRACK, 11_520 * n, frame, True, AT) for n, frame in enumerate(frames)]
    video = build_fragment(VIDEO_TRACK, encode_numbers(1).format, units, sequence=1, base_ticks=0, end_ticks=10_800)
    heard = build_fragment(AUDIO_TRACK, SOUND, sound, sequence=1, base_ticks=0, end_ticks=23_040)
    return b"".join(video), b"".join(heard), [unit.data for unit in pictures], frames


def test_join_tracks_two_tracks_are_read_with_their_own_data_and_times() -> None:
    video, heard, pictures, frames = build_both()
    joined = join_tracks([video, heard], sequence=9)
    assert joined.count(b"moof") == joined.count(b"mdat") == 1
    assert int.from_bytes(joined[20:24]) == 9
    init = build_init({VIDEO_TRACK: encode_numbers(1).format, AUDIO_TRACK: SOUND})
    with av.open(BytesIO(init + joined), "r", format="mp4") as container:
        packets = [(packet.stream.type, packet.pts, bytes(packet)) for packet in container.demux() if packet.size]
    assert [data for kind, _, data in packets if kind == "video"] == pictures
    assert [data for kind, _, data in packets if kind == "audio"] == frames
    assert [pts for kind, pts, _ in packets if kind == "video"] == [0, 3600, 7200]
    assert [pts for kind, pts, _ in packets if kind == "audio"] == [0, 1024]


def test_join_tracks_of_one_track_changes_only_the_sequence() -> None:
    video, _, _, _ = build_both()
    joined = join_tracks([video], sequence=3)
    assert joined[:20] + joined[24:] == video[:20] + video[24:]


def test_join_tracks_without_a_track_is_our_mistake() -> None:
    with pytest.raises(OurError):
        join_tracks([], sequence=1)


def test_join_tracks_of_a_foreign_fragment_is_theirs() -> None:
    with pytest.raises(TheirError):
        join_tracks([bytes(200)], sequence=1)
