from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.media.live.webrtc.dtls import MTU_BYTES, cut_records


def record(size_bytes: int) -> bytes:
    return b"\x16\xfe\xfd" + bytes(8) + size_bytes.to_bytes(2) + bytes(size_bytes)


@given(sizes=st.lists(st.integers(0, 1150), max_size=12))
def test_records_are_never_cut_and_datagrams_never_too_long(sizes: list[int]) -> None:
    records = [record(size_bytes) for size_bytes in sizes]
    datagrams = cut_records(b"".join(records))
    assert b"".join(datagrams) == b"".join(records)
    assert all(len(datagram) <= MTU_BYTES for datagram in datagrams)
    ends = {sum(map(len, records[: count + 1])) for count in range(len(records))}
    assert {sum(map(len, datagrams[: count + 1])) for count in range(len(datagrams))} <= ends
