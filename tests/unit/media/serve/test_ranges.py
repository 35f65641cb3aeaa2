import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.media.serve.ranges import ByteRange, RangeNotSatisfiable, parse_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=99-99", ByteRange(99, 100)),
        ("bytes=10-2000", ByteRange(10, 100)),
        ("bytes=-1", ByteRange(99, 100)),
        ("bytes=-500", ByteRange(0, 100)),
        (" bytes=1-2 ", ByteRange(1, 3)),
    ],
)
def test_parse_range_good_is_clipped(text: str | None, expected: ByteRange | None) -> None:
    assert parse_range(text, 100) == expected


@pytest.mark.parametrize(
    "text",
    ["", "bytes", "bytes=", "bytes=-", "bytes=-0", "bytes=100-", "bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=a-b",
     "bytes=0x1-2", "bytes=１-２", "bytes=0-" + "9" * 40, "bytes=+1-2", "bytes=1 -2"],
)  # fmt: skip
def test_parse_range_bad_is_refused(text: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(text, 100)


@given(
    st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,20}-[0-9]{0,20}(,.*)?", fullmatch=True),
    st.integers(0, 1 << 40),
)
def test_parse_range_never_leaves_the_file(text: str, size_bytes: int) -> None:
    try:
        chosen = parse_range(text, size_bytes)
    except RangeNotSatisfiable:
        return
    assert chosen is not None and 0 <= chosen.start < chosen.end <= size_bytes
