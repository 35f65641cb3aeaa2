"""What a node hands out as evidence (docs/design/evidence.md §6): real store, worker and HTTP; the bytes are looked at by libav."""

import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from PIL import Image
from tests.encoding import encode_numbers, read_number
from tests.media_node import CAMERA, FOREIGN_CAMERA, G711, KEY, NodeBench, at_s, build_units, iso, running_node

from brightkitchen.kernel.evidence import SignedStatement, parse_statement
from brightkitchen.kernel.evidencestream import FileHead, Piece, PieceReader
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.media.store.model import GapReason
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


@dataclass
class Handed:
    """An answer, taken apart."""

    files: dict[str, bytes] = field(default_factory=dict)
    signed: SignedStatement | None = None


def take_apart(body: bytes) -> Handed:
    handed, name = Handed(), ""
    reader = PieceReader()
    for at in range(0, len(body), 1000):
        for piece in reader.feed(body[at : at + 1000]):
            if piece.kind is Piece.FILE:
                name = msgspec.json.decode(piece.data, type=FileHead).name
                handed.files[name] = b""
            elif piece.kind is Piece.DATA:
                handed.files[name] += piece.data
            else:
                assert piece.kind is Piece.STATEMENT
                handed.signed = parse_statement(piece.data)
    assert reader.is_empty
    return handed


async def ask(node: NodeBench, token: str, kind: str, camera: str = CAMERA) -> tuple[int, bytes]:
    body = {"token": token, "kind": kind}
    async with node.client.post(node.url(f"/evidence/{camera}"), json=body) as answer:
        return answer.status, await answer.read()


def machine(
    node: NodeBench, from_s: float | None = None, to_s: float | None = None, changes: dict[str, str] | None = None
) -> str:
    fields: dict[str, Any] = {"cls": "machine", "org": "", **(changes or {})}  # Any: as `token`
    if from_s is not None:
        fields |= {"from_at": at_s(from_s), "to_at": at_s(to_s if to_s is not None else from_s)}
    return node.token(Act.EVIDENCE, **fields)


def number_in(jpeg: bytes) -> int:
    return read_number(np.asarray(Image.open(io.BytesIO(jpeg)).convert("L")))


def numbers_in(mp4: bytes) -> list[int]:
    with av.open(io.BytesIO(mp4), "r") as opened:
        return [read_number(np.asarray(frame.to_ndarray(format="gray"), np.uint8)) for frame in opened.decode(video=0)]


def read_only_file(folder: Path) -> bytes:
    (file,) = folder.rglob("*.mp4")
    return file.read_bytes()


def times_in(mp4: bytes) -> list[float]:
    """Return when each picture is shown, in seconds."""
    with av.open(io.BytesIO(mp4), "r") as opened:
        packets = [packet for packet in opened.demux(video=0) if packet.size]
        return [float((packet.pts or 0) * (packet.time_base or 0)) for packet in packets]


async def test_snapshot_is_the_exact_frame_with_its_group_and_signed_sources(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=25))
    status, body = await ask(node, machine(node, 1.62), "snapshot")
    assert status == 200
    handed = take_apart(body)
    assert handed.signed is not None and handed.signed.is_genuine()
    said = handed.signed.statement
    assert number_in(handed.files["original.jpg"]) == 40
    assert numbers_in(handed.files["group.mp4"]) == list(range(25, 41))
    assert (said.frame_at, said.from_at, said.source) == (iso(1.6), iso(1.0), "recording")
    assert [(fact.name, fact.sha256) for fact in said.files] == [
        (name, hashlib.sha256(data).hexdigest()) for name, data in handed.files.items()
    ]
    (source,) = said.sources
    (segment,) = node.store.segments_between(KEY, at_s(0), at_s(9))
    stored = read_only_file(node.store_folder / "segments")
    assert source.segment == segment.id
    assert source.sha256 == hashlib.sha256(stored[source.from_byte : source.to_byte]).hexdigest()


async def test_snapshot_of_now_is_the_newest_recorded_picture(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=25), is_closed=False)
    status, body = await node.while_time_passes(ask(node, machine(node), "snapshot"), seconds=6)
    handed = take_apart(body)
    assert status == 200 and handed.signed is not None
    last = number_in(handed.files["original.jpg"])
    assert numbers_in(handed.files["group.mp4"])[-1] == last >= 24
    assert handed.signed.statement.asked_at == ""


async def test_snapshot_of_a_camera_that_is_not_recorded_says_live_and_names_no_segment(node: NodeBench) -> None:
    clip = encode_numbers(20, gop=25)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: G711})
    node.recorder.stop(KEY, GapReason.NOT_PLANNED)
    node.sources.last.feed(build_units(clip))
    asked = ask(node, machine(node), "snapshot")
    status, body = await node.while_time_passes(asked, seconds=6)
    handed = take_apart(body)
    assert (status, number_in(handed.files["original.jpg"])) == (200, 19)
    assert handed.signed is not None
    assert (handed.signed.statement.source, handed.signed.statement.sources) == ("live", ())


async def test_clip_begins_at_the_key_frame_and_keeps_every_coded_byte(node: NodeBench) -> None:
    clip = encode_numbers(100, gop=25)
    await node.record(clip)
    status, body = await ask(node, machine(node, 1.5, 2.5), "clip")
    assert status == 200
    handed = take_apart(body)
    assert numbers_in(handed.files["original-1.mp4"]) == list(range(25, 75))
    with av.open(io.BytesIO(handed.files["original-1.mp4"]), "r") as opened:
        assert [stream.type for stream in opened.streams] == ["video", "audio"]
        packets = [bytes(packet) for packet in opened.demux(video=0) if packet.size]
    assert packets == [unit.data for unit in clip.units[25:75]]
    assert handed.signed is not None and handed.signed.is_genuine()
    assert (handed.signed.statement.from_at, handed.signed.statement.to_at) == (iso(1), iso(3))


async def test_clip_over_two_files_keeps_the_gap_between_them(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=25))
    node.clock.jump(10)
    node.sources.last.connect({VIDEO_TRACK: encode_numbers(50, gop=25).format, AUDIO_TRACK: G711})
    node.feed(build_units(encode_numbers(50, gop=25), first_pts=12 * 90_000))
    node.sources.last.break_off()
    node.recorder.hand_over()
    node.store.wait_idle(5)
    status, body = await ask(node, machine(node, 0.1, 13.9), "clip")
    handed = take_apart(body)
    assert status == 200 and handed.signed is not None
    assert len(handed.signed.statement.sources) == 2
    times_s = times_in(handed.files["original-1.mp4"])
    steps = [round(later - earlier, 2) for earlier, later in pairwise(times_s)]
    assert (len(times_s), max(steps), steps.count(0.04)) == (100, 10.04, 98)
    assert len(handed.signed.statement.gaps) == 1


@pytest.mark.parametrize(
    "changes", [{"cls": "officer"}, {"cam": FOREIGN_CAMERA}, {"org": "https://city.example"}, {"aud": "node-9"}]
)
async def test_evidence_token_that_does_not_fit_is_refused(node: NodeBench, changes: dict[str, str]) -> None:
    await node.record(encode_numbers(50, gop=25))
    assert (await ask(node, machine(node, 1, changes=changes), "snapshot"))[0] == 401


async def test_evidence_other_acts_and_used_tokens_are_refused(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=25))
    token = machine(node, 1)
    assert (await ask(node, token, "snapshot"))[0] == 200
    assert (await ask(node, token, "snapshot"))[0] == 401
    assert (await ask(node, node.token(Act.SNAPSHOT, cls="machine", org=""), "snapshot"))[0] == 401


async def test_evidence_of_a_time_without_recording_is_not_found(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=25))
    node.clock.jump(600)
    assert (await ask(node, machine(node, 300), "snapshot"))[0] == 404
    assert (await ask(node, machine(node, 300, 310), "clip"))[0] == 404


@pytest.mark.parametrize(("from_s", "to_s"), [(0, 1801), (5, 5), (6, 5), (0, 100_000)])
async def test_clip_of_a_range_that_is_none_is_refused(node: NodeBench, from_s: float, to_s: float) -> None:
    await node.record(encode_numbers(50, gop=25))
    assert (await ask(node, machine(node, from_s, to_s), "clip"))[0] == 400
