"""No text of a client ever becomes a path, and none makes the node fail (SECURITY.md §3 row 9)."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.encoding import encode_numbers
from tests.media_node import CAMERA, KEY, NodeBench, at_s, iso, running_node

from brightkitchen.kernel.mediatoken import Act

CANARY = b"canary-that-must-not-leave"
ROUTES = (
    "/play/{camera}/segments/{text}.mp4",
    "/play/{camera}/init/{text}.mp4",
    "/play/{camera}/video/{text}/0-0.m4s",
    "/play/{camera}/video/{segment}/{text}.m4s",
    "/play/{camera}/audio/{text}/init.mp4",
    "/play/{camera}/audio/{segment}/{text}.m4s",
    "/play/{text}/timeline",
    "/snapshot/{text}",
    "/{text}",
)
TEXTS = (
    st.text(max_size=60)
    | st.from_regex(r"(\.\./|%2e%2e/|\\|//|\x00|seg_){0,6}[a-z0-9./%-]{0,30}", fullmatch=True)
    | st.from_regex(r"seg_[0-9a-hjkmnp-tv-z]{16}", fullmatch=True)
    | st.from_regex(r"[0-9]{0,20}-[0-9]{0,20}", fullmatch=True)
)


class Fuzzed:
    """A node on a loop of its own, so that hypothesis can call it as plain functions."""

    def __init__(self, loop: asyncio.AbstractEventLoop, node: NodeBench, handle: str, segment: str) -> None:
        self._loop = loop
        self._node = node
        self._handle = handle
        self.segment = segment

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        status, body, _ = self._loop.run_until_complete(self._node.get(path, self._handle, **headers))
        return status, body


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "canary.mp4").write_bytes(CANARY)
        running = running_node(Path(folder) / "store")
        node = loop.run_until_complete(running.__aenter__())
        (Path(folder) / "store" / "segments" / "canary.mp4").write_bytes(CANARY)
        loop.run_until_complete(node.record(encode_numbers(30)))
        handle = loop.run_until_complete(node.open_handle(Act.PLAY))
        segment = node.store.segments_between(KEY, at_s(0), at_s(60))[0].id
        yield Fuzzed(loop, node, handle, segment)
        loop.run_until_complete(running.__aexit__(None, None, None))
    loop.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ROUTES), TEXTS)
@example("/play/{camera}/segments/{text}.mp4", "../canary")
@example("/play/{camera}/segments/{text}.mp4", "..%2fcanary")
@example("/play/{camera}/segments/{text}.mp4", "/etc/passwd")
@example("/play/{camera}/video/{segment}/{text}.m4s", "0-99999999999999999999")
def test_path_with_any_text_stays_in_the_store(fuzzed: Fuzzed, route: str, text: str) -> None:
    for spelled in (quote(text, safe=""), quote(text, safe="/.%")):
        path = route.format(camera=CAMERA, segment=fuzzed.segment, text=spelled)
        if not path.startswith("//"):
            status, body = fuzzed.get(path)
            assert status < 500
            assert CANARY not in body and b"root:" not in body


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.from_regex(r"(bytes|items)?=?[0-9]{0,20}-?[0-9]{0,20}(,[0-9]*-[0-9]*)?", fullmatch=True))
def test_range_of_any_shape_gives_that_part_or_416(fuzzed: Fuzzed, text: str) -> None:
    status, body = fuzzed.get(f"/play/{CAMERA}/segments/{fuzzed.segment}.mp4", Range=text)
    assert status in (206, 416)
    assert (status == 206) == bool(body)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.sampled_from(("timeline", "index.m3u8", "video.m3u8", "audio.m3u8")))
def test_query_of_any_text_is_answered_or_refused(fuzzed: Fuzzed, text: str, page: str) -> None:
    for query in (f"from={quote(text)}&to={iso(9)}", f"from={iso(0)}&to={quote(text)}&profile={quote(text)}"):
        assert fuzzed.get(f"/play/{CAMERA}/{page}?{query}")[0] in (200, 400, 401, 404)
