"""Fragments packed small come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.ids import SegmentId, id_bytes, id_text
from brightkitchen.media.store.layout import pack_fragments, unpack_fragments
from brightkitchen.media.store.model import Fragment

_SIZES = st.integers(0, 1 << 32)
_FRAGMENTS = st.lists(
    st.builds(
        Fragment,
        start_ticks=st.integers(-(1 << 20), 1 << 40),
        duration_ticks=_SIZES,
        offset=_SIZES,
        video_bytes=_SIZES,
        audio_bytes=_SIZES,
        frames=st.integers(0, 100_000),
        is_key=st.booleans(),
    ),
    max_size=20,
)


@given(_FRAGMENTS)
def test_packed_fragments_of_any_kind_come_back(fragments: list[Fragment]) -> None:
    assert unpack_fragments(pack_fragments(fragments)) == tuple(fragments)


def test_packed_fragments_of_a_usual_minute_take_five_bytes_each() -> None:
    sizes = [200_000 + 1000 * second for second in range(60)]
    offsets = [1500 + sum(sizes[:second]) + 9000 * second for second in range(60)]
    minute = [
        Fragment(90_000 * second, 90_000, offsets[second], sizes[second], 9000, 25, second % 2 == 0)
        for second in range(60)
    ]
    assert len(pack_fragments(minute)) <= 60 * 5


def test_blob_that_ends_inside_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="without its end"):
        unpack_fragments(b"\x00\x80")


def test_id_as_bytes_comes_back() -> None:
    segment = SegmentId("seg_0123456789zyxwvt")
    assert (len(id_bytes(segment)), id_text("seg", id_bytes(segment))) == (10, segment)
    with pytest.raises(ValueError, match="not an id"):
        id_bytes("seg_0123456789ZYXWVT")
