import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.stun import build_binding_request, build_binding_success, is_genuine, parse_binding_request

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
# RFC 5769 §2.1: a request as another implementation wrote it.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)


def test_request_of_the_standard_is_read_and_genuine() -> None:
    request = parse_binding_request(REQUEST)
    assert (request.transaction, request.username, request.our_fragment) == (TRANSACTION, "evtj:h6vY", "evtj")
    assert not request.nominates
    assert is_genuine(REQUEST, request, PASSWORD)
    assert not is_genuine(REQUEST, request, PASSWORD + "x")


@pytest.mark.parametrize("at", range(20, 84, 7))
def test_request_changed_at_any_byte_is_not_genuine(at: int) -> None:
    changed = bytearray(REQUEST)
    changed[at] ^= 1
    try:
        request = parse_binding_request(bytes(changed))
    except TheirError:
        return
    assert not is_genuine(bytes(changed), request, PASSWORD)


@pytest.mark.parametrize(
    ("address", "mapped"),
    [  # RFC 5769 §2.2 and §2.3
        (("192.0.2.1", 32853), "002000080001a147e112a643"),
        (("2001:db8:1234:5678:11:2233:4455:6677", 32853), "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
    ],
)
def test_answer_tells_the_address_as_the_standard_does(address: tuple[str, int], mapped: str) -> None:
    answer = build_binding_success(TRANSACTION, address, PASSWORD)
    assert answer[:2] == b"\x01\x01"
    assert answer[4:20] == b"\x21\x12\xa4\x42" + TRANSACTION
    assert answer[20:].startswith(bytes.fromhex(mapped))
    assert int.from_bytes(answer[2:4]) + 20 == len(answer)
    assert len(answer) <= 1.2 * len(REQUEST)  # nobody is flooded with what we answer


def test_request_of_our_own_is_read_again() -> None:
    sent = build_binding_request(TRANSACTION, "a:b", "secret", nominates=True)
    request = parse_binding_request(sent)
    assert (request.username, request.nominates, is_genuine(sent, request, "secret")) == ("a:b", True, True)


def test_request_without_integrity_is_not_genuine() -> None:
    bare = bytes.fromhex("000100002112a442") + TRANSACTION
    assert not is_genuine(bare, parse_binding_request(bare), "")


@given(data=st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: REQUEST[:20] + tail))
def test_any_bytes_are_a_request_or_their_error(data: bytes) -> None:
    try:
        request = parse_binding_request(data)
    except TheirError:
        return
    assert not is_genuine(data, request, PASSWORD)
