import json
from collections.abc import Sequence

from brightkitchen.media.live.wsfmp4.viewer import MAX_BUFFER_BYTES, Viewer

LIMIT = 1000


class HandTransport:
    """A send buffer that a test fills and empties."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting_bytes = 0
        self.is_closed = self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def writelines(self, list_of_data: Sequence[bytes]) -> None:
        self.written.extend(list_of_data)

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    @property
    def seen(self) -> list[str]:
        """Return messages as they were named, a lag message as ``lag N``."""
        return [
            f"lag {json.loads(data[2:])['dropped_gops']}" if data[0] == 0x81 else data.decode() for data in self.written
        ]


def send(viewer: Viewer, *names: str) -> None:
    """A name that begins with k is a key frame."""
    for name in names:
        viewer.send_video(name.encode(), is_key=name.startswith("k"), limit_bytes=LIMIT)


def test_viewer_that_keeps_up_gets_everything() -> None:
    transport = HandTransport()
    viewer = Viewer(transport, wants_audio=True)
    transport.waiting_bytes = LIMIT
    send(viewer, "k1", "a", "k2")
    viewer.send_audio(b"sound")
    assert transport.seen == ["k1", "a", "k2", "sound"]


def test_viewer_behind_skips_to_a_key_frame_and_is_told_how_much() -> None:
    transport = HandTransport()
    viewer = Viewer(transport, wants_audio=True)
    send(viewer, "k1")
    transport.waiting_bytes = LIMIT + 1
    send(viewer, "a", "b")
    viewer.send_audio(b"sound")
    send(viewer, "k2", "c")
    transport.waiting_bytes = 0
    send(viewer, "d", "k3", "e")
    assert transport.seen == ["k1", "lag 2", "k3", "e"]
    assert viewer.dropped_gops_in_all == 2


def test_viewer_behind_does_not_return_before_half_is_gone() -> None:
    transport = HandTransport()
    viewer = Viewer(transport, wants_audio=False)
    transport.waiting_bytes = LIMIT + 1
    send(viewer, "k1")
    transport.waiting_bytes = LIMIT // 2 + 1
    send(viewer, "k2")
    transport.waiting_bytes = LIMIT // 2
    send(viewer, "k3")
    assert transport.seen == ["lag 2", "k3"]


def test_viewer_without_sound_gets_none() -> None:
    transport = HandTransport()
    Viewer(transport, wants_audio=False).send_audio(b"sound")
    assert transport.seen == []


def test_viewer_gone_or_stopped_gets_nothing_more() -> None:
    transport = HandTransport()
    viewer = Viewer(transport, wants_audio=True)
    viewer.stop(b"bye")
    send(viewer, "k1")
    transport.is_closed = True
    Viewer(transport, wants_audio=True).send(b"x")
    assert transport.seen == ["bye"]


def test_viewer_that_takes_no_message_at_all_is_cut_off() -> None:
    transport = HandTransport()
    viewer = Viewer(transport, wants_audio=True)
    viewer.send_group([b"k1", b"a"])
    transport.waiting_bytes = 2 * MAX_BUFFER_BYTES + 3
    viewer.send(b"init")
    assert (transport.seen, transport.is_aborted) == (["k1", "a", "init"], False)
    transport.waiting_bytes += 1
    viewer.send(b"init")
    viewer.send(b"init")
    assert (transport.seen, transport.is_aborted) == (["k1", "a", "init"], True)
    assert viewer.waiting_bytes == 2 * MAX_BUFFER_BYTES + 4
