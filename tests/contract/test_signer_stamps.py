"""The signer's C2PA door (docs/design/evidence.md §5, E5): real files, a real socket, the real client."""

import json
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.evidence import hash_bytes
from brightkitchen.signer.client import SignerClient
from brightkitchen.signer.keys import SIGNED_FILE, KeyFolder
from brightkitchen.signer.messages import MAX_STAMP_BYTES
from brightkitchen.signer.server import STAMPS_PER_S, SignerServer
from brightkitchen.signer.stamps import StampKeys

SECRET: Final = "ab" * 32
CLAIM: Final[dict[str, Any]] = {  # Any: CBOR
    "instanceID": "xmp.iid:1",
    "claim_generator_info": {"name": "BrightKitchen"},
    "signature": "self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature",
    "alg": "sha256",
}


def open_stamps(folder: Path, clock: ManualClock) -> StampKeys:
    folder.mkdir(exist_ok=True)
    return StampKeys(folder, clock=clock, entropy=SystemEntropy())


def build_to_sign(leaf: str, root: str, **claim: object) -> bytes:
    chain = [ssl.PEM_cert_to_DER_cert(each) for each in (leaf, root)]
    return cbor2.dumps(["Signature1", cbor2.dumps({1: -8, 33: chain}), b"", cbor2.dumps({**CLAIM, **claim})])


def names_of(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("c2pa-*")}


def is_signed_by(leaf: str, signature: bytes, data: bytes) -> bool:
    key = x509.load_pem_x509_certificate(leaf.encode()).public_key()
    assert isinstance(key, Ed25519PublicKey)
    key.verify(signature, data)
    return True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SignerClient]:
    (tmp_path / "run").mkdir(mode=0o700)
    folder = tmp_path / "signer"
    keys = KeyFolder(folder, suite="ed25519", clock=clock, entropy=SystemEntropy())
    server = SignerServer(keys, open_stamps(folder, clock), secret=SECRET, clock=clock)
    await server.open(tmp_path / "run" / "signer.sock")
    one = SignerClient(tmp_path / "run" / "signer.sock", SECRET)
    yield one
    one.close()
    await server.close()


def test_stamp_keys_first_question_makes_a_chain_for_the_signer_alone(tmp_path: Path, clock: ManualClock) -> None:
    stamps = open_stamps(tmp_path, clock)
    assert names_of(tmp_path) == set()
    leaf, root = (x509.load_pem_x509_certificate(each.encode()) for each in stamps.chain())
    assert names_of(tmp_path) == {"c2pa-root.key", "c2pa-root.pem", "c2pa-0001.key", "c2pa-0001.pem"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("c2pa-*")} == {0o600}
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert open_stamps(tmp_path, clock).chain() == stamps.chain()


def test_stamp_leaf_a_year_old_is_followed_by_one_under_the_same_root(tmp_path: Path, clock: ManualClock) -> None:
    stamps = open_stamps(tmp_path, clock)
    first, root = stamps.chain()
    clock.jump(365 * 86_400)
    second, same = stamps.chain()
    assert (first != second, root == same) == (True, True)
    with pytest.raises(ValueError):
        stamps.sign(build_to_sign(first, root))
    assert is_signed_by(second, stamps.sign(build_to_sign(second, root)), build_to_sign(second, root))
    assert open_stamps(tmp_path, clock).chain() == (second, root)


def test_stamp_key_that_is_missing_is_never_made_anew(tmp_path: Path, clock: ManualClock) -> None:
    open_stamps(tmp_path, clock).chain()
    (tmp_path / "c2pa-0001.key").unlink()
    with pytest.raises(BrightKitchenError, match=r"signer\.keys_damaged"):
        open_stamps(tmp_path, clock).chain()


def test_stamp_key_whose_certificate_a_fall_prevented_is_made_anew(tmp_path: Path, clock: ManualClock) -> None:
    tmp_path.joinpath("c2pa-root.key").write_bytes(b"torn")
    leaf, root = open_stamps(tmp_path, clock).chain()
    assert open_stamps(tmp_path, clock).sign(build_to_sign(leaf, root))


async def test_stamp_of_a_claim_is_written_down_and_signed(client: SignerClient, tmp_path: Path) -> None:
    leaf, root = await client.stamp_chain()
    data = build_to_sign(leaf, root)
    assert is_signed_by(leaf, await client.stamp(data), data)
    (line,) = (tmp_path / "signer" / SIGNED_FILE).read_text().splitlines()
    said = json.loads(line)
    assert (said["what"], said["kid"], said["digest"]) == ("c2pa", "c2pa-0001", hash_bytes(data))


async def test_stamp_of_anything_but_a_claim_of_ours_is_refused_and_not_written_down(
    client: SignerClient, tmp_path: Path
) -> None:
    leaf, root = await client.stamp_chain()
    seal = b'brightkitchen/signer/v1\0{"at":"2026-11-23T00:00:00.000000Z","digest":"' + b"ab" * 32 + b'"}'
    for data in (seal, b"\xab" * 32, build_to_sign(root, leaf), build_to_sign(leaf, root)[1:]):
        with pytest.raises(BrightKitchenError, match=r"signer\.stamp_refused"):
            await client.stamp(data)
    assert not (tmp_path / "signer" / SIGNED_FILE).exists()


async def test_stamp_of_too_much_is_no_question_at_all(client: SignerClient, tmp_path: Path) -> None:
    leaf, root = await client.stamp_chain()
    with pytest.raises(BrightKitchenError, match=r"signer\.unavailable"):
        await client.stamp(build_to_sign(leaf, root, title="x" * MAX_STAMP_BYTES))
    assert not (tmp_path / "signer" / SIGNED_FILE).exists()
    assert await client.stamp(build_to_sign(leaf, root))  # the next one is served


async def test_stamps_too_many_in_a_second_wait_and_seals_do_not(client: SignerClient, clock: ManualClock) -> None:
    data = build_to_sign(*await client.stamp_chain())
    for _ in range(STAMPS_PER_S):
        await client.stamp(data)
    with pytest.raises(BrightKitchenError, match=r"signer\.busy"):
        await client.stamp(data)
    assert (await client.sign("bk-evidence-v1", "ab" * 32)).digest == "ab" * 32
    clock.jump(1)
    assert await client.stamp(data)


async def test_damaged_c2pa_key_stops_no_seal(client: SignerClient, tmp_path: Path) -> None:
    (tmp_path / "signer" / "c2pa-root.pem").write_bytes(b"torn")
    with pytest.raises(BrightKitchenError, match=r"signer\.unavailable"):
        await client.stamp_chain()
    assert (await client.sign("bk-evidence-v1", "ab" * 32)).digest == "ab" * 32
