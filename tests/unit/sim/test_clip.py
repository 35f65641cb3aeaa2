from pathlib import Path

import pytest

from brightkitchen_sim.clip import (
    AudioHeader,
    ClipError,
    ClipHeader,
    open_audio_clip,
    open_clip,
    write_audio_clip,
    write_clip,
)

HEADER = ClipHeader("h264", 640, 360, 25.0, 50, 0.12, 500_000, (b"\x67\x42", b"\x68\xce"), "prep")
FRAMES = [(b"\0\0\0\x02\x65\x01", True), (b"\0\0\0\x01\x41", False), (b"\0\0\0\x03\x41\x01\x02", False)]


def test_clip_written_and_opened_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "prep.clip"
    write_clip(path, HEADER, FRAMES)
    clip = open_clip(path)
    assert clip.header == HEADER
    assert [(bytes(clip.frame(i)), clip.is_key(i)) for i in range(clip.frame_count)] == FRAMES
    assert [entry.name for entry in tmp_path.iterdir()] == ["prep.clip"]


def test_clip_that_begins_without_key_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="begins with a key frame"):
        write_clip(tmp_path / "x.clip", HEADER, FRAMES[1:])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep_bytes", [0, 7, 12, 40, 200, -1])
def test_clip_cut_short_is_refused(tmp_path: Path, keep_bytes: int) -> None:
    path = tmp_path / "prep.clip"
    write_clip(path, HEADER, FRAMES)
    path.write_bytes(path.read_bytes()[:keep_bytes])
    with pytest.raises(ClipError):
        open_clip(path)


def test_audio_clip_written_and_opened_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "hum.sound"
    header = AudioHeader("aac", 16_000, 1, 1024, b"\x14\x08")
    write_audio_clip(path, header, [b"one", b"three"])
    clip = open_audio_clip(path)
    assert clip.header == header
    assert [bytes(clip.packet(i)) for i in range(clip.packet_count)] == [b"one", b"three"]
    with pytest.raises(ClipError, match="not a clip file of this kind"):
        open_clip(path)
