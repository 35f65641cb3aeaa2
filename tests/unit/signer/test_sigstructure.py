"""The C2PA door signs what is a COSE Sig_structure over a claim, and not one byte else."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.signer.sigstructure import build_head, build_protected, check_sig_structure

CHAIN = (b"leaf" * 100, b"root" * 90)
CLAIM = {
    "instanceID": "xmp.iid:1",
    "claim_generator_info": {"name": "BrightKitchen"},
    "signature": "self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature",
    "created_assertions": [{"url": "self#jumbf=c2pa.assertions/c2pa.hash.data", "hash": b"\x00" * 32}],
    "alg": "sha256",
}
PROTECTED = cbor2.dumps({1: -8, 33: list(CHAIN)})


def build(
    *,
    context: object = "Signature1",
    protected: object = PROTECTED,
    aad: object = b"",
    payload: object = cbor2.dumps(CLAIM),
) -> bytes:
    return cbor2.dumps([context, protected, aad, payload])


def test_check_sig_structure_of_a_claim_under_our_chain_passes() -> None:
    check_sig_structure(build(), CHAIN)


def test_build_protected_is_what_another_encoder_writes() -> None:
    assert build_protected(CHAIN) == PROTECTED


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65535, 65536])
def test_build_head_is_what_another_encoder_writes(number: int) -> None:
    assert build_head(0, number) == cbor2.dumps(number)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"brightkitchen/signer/v1\0{}",
        b"\xab" * 32,
        build(context="Signature"),
        build(context="CounterSignature"),
        build(context=b"Signature1"),
        build(protected=b""),
        build(protected=cbor2.dumps({1: -7, 33: list(CHAIN)})),
        build(protected=cbor2.dumps({1: -8, 33: [CHAIN[0], b"another root"]})),
        build(protected=cbor2.dumps({1: -8, 33: CHAIN[0]})),
        build(protected=cbor2.dumps({1: -8, 33: list(CHAIN), 4: b"kid"})),
        build(aad=b"x"),
        build(payload=b""),
        build(payload="text"),
        build(payload=b"bk-evidence-v1" + b"\0" * 64),
        build(payload=cbor2.dumps([1, 2])),
        build(payload=cbor2.dumps(CLAIM) + b"\0"),
        build(payload=cbor2.dumps({key: value for key, value in CLAIM.items() if key != "signature"})),
        build(payload=cbor2.dumps({**CLAIM, "deep": [[[[[[[[[[1]]]]]]]]]]})),
        build() + b"\0",
        build()[:-1],
        cbor2.dumps(["Signature1", PROTECTED, b"", cbor2.dumps(CLAIM), b""]),
    ],
)
def test_check_sig_structure_of_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        check_sig_structure(data, CHAIN)


def test_check_sig_structure_key_twice_in_the_claim_is_refused() -> None:
    claim = cbor2.dumps(CLAIM)
    twice = bytes([claim[0] + 1]) + claim[1:] + cbor2.dumps("alg") + cbor2.dumps("sha1")
    with pytest.raises(ValueError):
        check_sig_structure(build(payload=twice), CHAIN)


@given(st.binary(max_size=300))
def test_check_sig_structure_any_payload_passes_or_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        check_sig_structure(build(payload=payload), CHAIN)
