"""Other people's players read what we write: encoder → RTP → receiver → fragments → ffmpeg and ffprobe, byte for byte."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from tests.unit.wire.rtp.packetiser import Sender, aac_payload, h264_payloads, h265_payloads

from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, Codec, Format, VideoFormat
from brightkitchen.wire.fmp4.reader import build_video_init_from, find_whole_end, parse_init, scan_fragments
from brightkitchen.wire.fmp4.writer import DtsAssigner, IndexEntry, build_end_index, build_fragment, build_init
from brightkitchen.wire.h26x import split_annex_b
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import RtpReceiver

FRAMES, FPS, GOP = 60, 25, 20
START_AT = 1_700_000_000_000_000
VIDEO = {
    "h264": (Codec.H264, "libx264", {"g": str(GOP), "bf": "0", "preset": "ultrafast"}),
    "h264-b": (Codec.H264, "libx264", {"g": str(GOP), "bf": "3", "preset": "medium"}),
    "h265": (Codec.H265, "libx265", {"x265-params": f"keyint={GOP}:bframes=0:log-level=none"}),
    "h265-b": (Codec.H265, "libx265", {"x265-params": f"keyint={GOP}:bframes=3:log-level=none"}),
}
AUDIO = {"none": None, "pcma": (Codec.PCMA, 8, 8_000), "pcmu": (Codec.PCMU, 0, 8_000), "aac": (Codec.AAC, 97, 48_000)}


@dataclass(frozen=True)
class Sent:
    payloads: tuple[bytes, ...]
    timestamp: int
    send_us: int


@lru_cache
def encode_video(name: str) -> tuple[Sent, ...]:
    codec, encoder, options = VIDEO[name]
    context = cast(av.VideoCodecContext, av.CodecContext.create(encoder, "w"))
    context.width, context.height, context.pix_fmt = 320, 178, "yuv420p"
    context.framerate = Fraction(FPS)
    context.time_base = Fraction(1, FPS)
    context.options = dict(options)
    packets = []
    for index in range(FRAMES):
        picture = np.full((178 * 3 // 2, 320), 90, dtype=np.uint8)
        picture[20:120, index * 4 : index * 4 + 60] = np.random.default_rng(index // 7).integers(0, 255, (100, 60))[
            :, : 320 - index * 4
        ]
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    split = h264_payloads if codec is Codec.H264 else h265_payloads
    return tuple(
        Sent(
            tuple(split(split_annex_b(bytes(packet)), 400)), cast(int, packet.pts) * 3600 + 0xFFFF_0000, number * 40_000
        )
        for number, packet in enumerate(packets)
    )


@lru_cache
def encode_aac() -> tuple[tuple[Sent, ...], str]:
    context = av.CodecContext.create("aac", "w")
    context.sample_rate, context.layout, context.format = 48_000, "mono", "fltp"
    packets = []
    for index in range(FRAMES * 48_000 // FPS // 1024):
        tone = np.sin(np.arange(index * 1024, (index + 1) * 1024, dtype=np.float32) / 20).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, index * 1024, Fraction(1, 48_000)
        packets += context.encode(frame)
    config = bytes(context.extradata or b"").hex()
    sent = tuple(
        Sent((aac_payload([bytes(p)]),), n * 1024, n * 1024 * 1_000_000 // 48_000) for n, p in enumerate(packets)
    )
    return sent, config


def encode_sound(name: str) -> tuple[tuple[Sent, ...], TrackDescription] | None:
    about = AUDIO[name]
    if about is None:
        return None
    codec, payload_type, rate = about
    if codec is Codec.AAC:
        sent, config = encode_aac()
        fmtp = {"mode": "AAC-hbr", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": config}
        return sent, TrackDescription(1, codec, payload_type, rate, 1, fmtp)
    tone = bytes(0xD5 ^ n % 64 for n in range(160))
    packets = FRAMES * 50 // FPS
    return tuple(Sent((tone,), n * 160, n * 20_000) for n in range(packets)), TrackDescription(
        1, codec, payload_type, rate
    )


@dataclass
class Recorded:
    init: bytes
    fragments: list[tuple[int, bytes]]
    formats: dict[int, Format]
    units: list[AccessUnit]

    @property
    def file(self) -> bytes:
        """With the end index, as a finished file has it."""
        data, entries = self.init, []
        for track, fragment in self.fragments:
            if track == 0:
                entries.append(IndexEntry(0, int.from_bytes(fragment[64:72], "big"), len(data)))
            data += fragment
        return data + build_end_index(entries)


def record(video: str, audio: str) -> Recorded:
    """One read per access unit; fragments are cut at key frames, sound after each."""
    tracks = [TrackDescription(0, VIDEO[video][0], 96, 90_000)]
    events = [(sent.send_us, 0, sent) for sent in encode_video(video)]
    sound = encode_sound(audio)
    if sound is not None:
        tracks.append(sound[1])
        events += [(sent.send_us, 1, sent) for sent in sound[0]]
    senders = {about.track: Sender(payload_type=about.payload_type) for about in tracks}
    receiver = RtpReceiver(tracks)
    units = []
    for send_us, track, sent in sorted(events, key=lambda event: event[:2]):
        packets = senders[track].send(sent.payloads, sent.timestamp)
        units += receiver.receive_rtp(track, [memoryview(p) for p in packets], Utc(START_AT + send_us))
    assert (receiver.packets_lost, receiver.units_dropped, receiver.notes) == (0, 0, [])
    formats = receiver.formats
    return Recorded(build_init(formats), list(build_fragments(units, formats)), formats, units)


def build_fragments(units: list[AccessUnit], formats: dict[int, Format]) -> Iterator[tuple[int, bytes]]:
    video = [unit for unit in units if unit.track == 0]
    cuts = [index for index, unit in enumerate(video) if unit.is_key] + [len(video)]
    video_format = formats[0]
    assert isinstance(video_format, VideoFormat)
    order = DtsAssigner(video_format.reorder_depth)
    sequence = 0
    for start, end in pairwise(cuts):
        group = video[start:end]
        following = video[end].pts if end < len(video) else max(unit.pts for unit in group) + 3600
        sequence += 1
        yield (
            0,
            b"".join(
                build_fragment(
                    0, video_format, group, sequence=sequence, base_ticks=0, end_ticks=following, order=order
                )
            ),
        )
        until = following if end < len(video) else 1 << 60
        sound = [unit for unit in units if unit.track == 1 and group[0].pts <= unit.pts < until]
        if sound:
            sequence += 1
            yield (
                1,
                b"".join(build_fragment(1, formats[1], sound, sequence=sequence, base_ticks=0, end_ticks=following)),
            )


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("audio", AUDIO)
@pytest.mark.parametrize("video", VIDEO)
def test_recorded_file_in_ffmpeg_decodes_every_frame_without_a_word(video: str, audio: str, tmp_path: Path) -> None:
    recorded = record(video, audio)
    path = tmp_path / "segment.mp4"
    path.write_bytes(recorded.file)
    run("ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-")
    shown = run("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_packets", "-of", "json", str(path))
    answer = json.loads(shown)
    by_kind = {stream["codec_type"]: stream for stream in answer["streams"]}
    assert int(by_kind["video"]["nb_read_frames"]) == FRAMES
    delay_s = 0.001 if not video.endswith("-b") else 0.1  # pictures out of order: decoding ends before showing does
    assert float(by_kind["video"]["duration"]) == pytest.approx(FRAMES / FPS, abs=delay_s)
    assert (by_kind["video"]["width"], by_kind["video"]["height"]) == (320, 178)
    packets = [packet for packet in answer["packets"] if packet["codec_type"] == "video"]
    decoded = [packet["dts"] for packet in packets]
    assert all(late > early for early, late in pairwise(decoded))
    assert all(packet["dts"] <= packet["pts"] for packet in packets)
    if not video.endswith("-b"):
        assert decoded == [3600 * index for index in range(FRAMES)]
    assert [packet["pts"] for packet in packets] == [unit.pts for unit in recorded.units if unit.track == 0]
    assert [packet["flags"][0] == "K" for packet in packets] == [
        unit.is_key for unit in recorded.units if unit.track == 0
    ]
    if audio != "none":
        sound = [unit for unit in recorded.units if unit.track == 1]
        assert len([packet for packet in answer["packets"] if packet["codec_type"] == "audio"]) == len(sound)
        about = recorded.formats[1]
        length_s = len(sound) * (1024 / 48_000 if about.codec is Codec.AAC else 0.02)
        assert float(by_kind["audio"]["duration"]) == pytest.approx(length_s, abs=0.001)
        assert by_kind["audio"]["codec_name"] == {"pcma": "pcm_alaw", "pcmu": "pcm_mulaw", "aac": "aac"}[audio]


@pytest.mark.parametrize("audio", AUDIO)
@pytest.mark.parametrize("video", VIDEO)
def test_recorded_file_read_back_is_what_was_received(video: str, audio: str) -> None:
    recorded = record(video, audio)
    data = recorded.file
    assert parse_init(recorded.init) == recorded.formats
    fragments = list(scan_fragments(lambda at, size: data[at : at + size], len(data)))
    for track in recorded.formats:
        samples = [sample for fragment in fragments if fragment.track == track for sample in fragment.samples]
        units = [unit for unit in recorded.units if unit.track == track]
        assert [data[s.offset_bytes : s.offset_bytes + s.size_bytes] for s in samples] == [unit.data for unit in units]
        assert [s.is_key for s in samples] == [unit.is_key for unit in units]
        if track == 0:
            assert [s.decode_time + s.composition_offset for s in samples] == [unit.pts for unit in units]


@pytest.mark.parametrize("video", VIDEO)
def test_video_fragments_alone_with_video_init_decode(video: str, tmp_path: Path) -> None:
    recorded = record(video, "pcma")
    path = tmp_path / "video.mp4"
    path.write_bytes(
        build_video_init_from(recorded.init) + b"".join(f for track, f in recorded.fragments if track == 0)
    )
    run("ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-")


def test_file_cut_at_any_byte_has_a_whole_end_that_decodes(tmp_path: Path) -> None:
    recorded = record("h264", "pcma")
    data = recorded.init + b"".join(fragment for _, fragment in recorded.fragments)
    ends = [len(recorded.init)]
    for _, fragment in recorded.fragments:
        ends.append(ends[-1] + len(fragment))
    for cut in range(ends[0], len(data) + 1, 97):
        whole = find_whole_end(lambda at, size, cut=cut: data[:cut][at : at + size], cut)  # type: ignore[misc]  # default argument binds the loop variable
        assert whole == max(end for end in ends if end <= cut)
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: ends[1]])
    run("ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-")
