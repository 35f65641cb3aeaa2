"""Certificates on disk: the one we make and renew, the operator's own, and the one that was replaced meanwhile."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from brightkitchen.kernel.certificatefiles import CertificateFiles, Ensured, HostNames, choose_names
from brightkitchen.kernel.certificates import (
    LOOK_EVERY_S,
    CertificateWatch,
    make_context,
    read_certificate,
)
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ownauthority import OwnAuthority
from brightkitchen.kernel.units import US_PER_S

DAY_S = 86_400
HOST = HostNames(("kitchen", "kitchen.local", "localhost"), tuple(map(ip_address, ("192.168.1.5", "127.0.0.1", "::1"))))
NOTHING = Ensured(is_new=False, is_authority_new=False)
RENEWED = Ensured(is_new=True, is_authority_new=False)
ALL_NEW = Ensured(is_new=True, is_authority_new=True)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def own(tmp_path: Path, clock: ManualClock) -> OwnAuthority:
    return OwnAuthority(tmp_path / "tls", clock, SeededEntropy(7))


def moment(clock: ManualClock, days: float = 0) -> datetime:
    return datetime.fromtimestamp(clock.utc() // US_PER_S, UTC) + timedelta(days=days)


def read_leaf(own: OwnAuthority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(own.files.certificate.read_bytes())


def check_as_a_browser(own: OwnAuthority, leaf: x509.Certificate, subject: str, at: datetime) -> None:
    """raises: VerificationError unless somebody who installed the authority believes `leaf` for `subject`."""
    store = Store([x509.load_pem_x509_certificate(own.ca_file.read_bytes())])
    name = x509.IPAddress(ip_address(subject)) if subject[-1].isdigit() or ":" in subject else x509.DNSName(subject)
    PolicyBuilder().store(store).time(at).build_server_verifier(name).verify(leaf, [])


def write_pair(
    folder: Path,
    clock: ManualClock,
    *,
    key: PrivateKey | None = None,
    form: PrivateFormat = PrivateFormat.PKCS8,
    names: tuple[str, ...] = ("kitchen.example.cn",),
    days: tuple[float, float] = (-1, 90),
) -> CertificateFiles:
    """Write what certbot would: two files. days: from and until when it counts."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kitchen")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(clock, days[0]))
        .not_valid_after(moment(clock, days[1]))
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternative, critical=False)
    files = CertificateFiles(folder / "fullchain.pem", folder / "privkey.pem")
    files.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    return files


# -- our own ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["kitchen", "kitchen.local", "localhost", "192.168.1.5", "127.0.0.1", "::1"])
def test_made_certificate_is_believed_for_each_of_its_names(
    own: OwnAuthority, clock: ManualClock, subject: str
) -> None:
    assert own.ensure(HOST) == ALL_NEW
    check_as_a_browser(own, read_leaf(own), subject, moment(clock))


def test_made_certificate_lasts_as_long_as_browsers_take_and_keys_are_private(
    own: OwnAuthority, clock: ManualClock
) -> None:
    own.ensure(HOST)
    leaf = read_leaf(own)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    found = read_certificate(own.files, clock.utc())
    assert (found.names, found.addresses) == (HOST.names, HOST.addresses)
    folder = own.ca_file.parent
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert {name: mode & 0o077 for name, mode in modes.items() if name != "ca.crt"} == {
        "authority.pem": 0,
        "server.pem": 0,
    }
    assert b"PRIVATE" not in own.ca_file.read_bytes()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("subject", "is_believed"),
    [("localhost", True), ("10.9.8.7", True), ("bank.example", False), ("203.0.113.9", False)],
)
def test_stolen_authority_opens_no_other_site(
    own: OwnAuthority, clock: ManualClock, subject: str, is_believed: bool
) -> None:
    own.ensure(HOST)
    pem = (own.ca_file.parent / "authority.pem").read_bytes()
    stolen, authority = load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    name = x509.IPAddress(ip_address(subject)) if subject[-1].isdigit() else x509.DNSName(subject)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(stolen.public_key())
        .serial_number(5)
        .not_valid_before(moment(clock, -1))
        .not_valid_after(moment(clock, 30))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(stolen.public_key()), critical=False)
        .sign(stolen, hashes.SHA256())
    )
    if is_believed:
        check_as_a_browser(own, forged, subject, moment(clock))
    else:
        with pytest.raises(VerificationError):
            check_as_a_browser(own, forged, subject, moment(clock))


def test_certificate_is_renewed_a_month_before_its_end_by_the_same_authority(
    own: OwnAuthority, clock: ManualClock
) -> None:
    own.ensure(HOST)
    first, fingerprint = read_leaf(own), own.fingerprint()
    clock.jump(365 * DAY_S)
    assert own.ensure(HOST) == NOTHING
    assert read_leaf(own) == first
    clock.jump(2 * DAY_S)
    assert own.ensure(HOST) == RENEWED
    assert own.fingerprint() == fingerprint
    assert read_leaf(own).not_valid_after_utc > moment(clock, 390)
    check_as_a_browser(own, read_leaf(own), "kitchen", moment(clock))


def test_new_private_address_renews_the_certificate_alone(own: OwnAuthority) -> None:
    own.ensure(HOST)
    moved = HostNames(HOST.names, (ip_address("10.20.30.40"), *HOST.addresses[1:]))
    assert own.ensure(moved) == RENEWED
    assert own.ensure(moved) == NOTHING


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(HostNames(("canteen", *HOST.names), HOST.addresses), id="name"),
        pytest.param(HostNames(HOST.names, (ip_address("203.0.113.9"), *HOST.addresses)), id="public_address"),
    ],
)
def test_what_the_authority_may_not_vouch_for_makes_a_new_one(
    own: OwnAuthority, clock: ManualClock, other: HostNames
) -> None:
    own.ensure(HOST)
    before = own.fingerprint()
    assert own.ensure(other) == ALL_NEW
    assert own.fingerprint() != before
    for subject in (*other.names, *map(str, other.addresses)):
        check_as_a_browser(own, read_leaf(own), subject, moment(clock))
    assert own.ensure(other) == NOTHING


def test_authority_is_replaced_before_a_certificate_would_outlast_it(own: OwnAuthority, clock: ManualClock) -> None:
    own.ensure(HOST)
    clock.jump((3650 - 1 - 397) * DAY_S)
    assert own.ensure(HOST) == RENEWED
    clock.jump(2 * DAY_S)
    assert own.ensure(HOST) == ALL_NEW
    check_as_a_browser(own, read_leaf(own), "kitchen", moment(clock, 300))


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_damaged_authority_is_said_and_never_replaced_in_silence(own: OwnAuthority, damage: bytes) -> None:
    own.ensure(HOST)
    file = own.ca_file.parent / "authority.pem"
    file.write_bytes(damage)
    with pytest.raises(BrightKitchenError) as refused:
        own.ensure(HOST)
    assert refused.value.code == "tls.own_damaged"
    assert file.read_bytes() == damage


def test_lost_or_damaged_server_certificate_is_made_again(own: OwnAuthority) -> None:
    own.ensure(HOST)
    own.files.key.write_bytes(b"rubbish")
    assert own.ensure(HOST) == RENEWED
    own.files.key.unlink()
    own.ca_file.unlink()
    assert own.ensure(HOST) == RENEWED
    assert own.ca_file.exists()


def test_names_that_cannot_stand_in_a_certificate_are_left_out() -> None:
    candidates = ("Kitchen.LAN.", "kitchen.lan", "a_b", "", "-a", "厨房", "a" * 64, "localhost")
    assert choose_names(candidates) == ("kitchen.lan", "localhost")


# -- the operator's --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "form"),
    [
        pytest.param(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8, id="ec"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), PrivateFormat.TraditionalOpenSSL, id="ec_sec1"),
        pytest.param(rsa.generate_private_key(65537, 2048), PrivateFormat.PKCS8, id="rsa"),
        pytest.param(rsa.generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL, id="rsa_pkcs1"),
    ],
)
def test_given_certificate_that_fits_is_taken(
    tmp_path: Path, clock: ManualClock, key: PrivateKey, form: PrivateFormat
) -> None:
    found = read_certificate(write_pair(tmp_path, clock, key=key, form=form), clock.utc())
    assert found.names == ("kitchen.example.cn",)


def _swap_key(files: CertificateFiles, clock: ManualClock) -> None:
    before = files.certificate.read_bytes()
    write_pair(files.certificate.parent, clock)
    files.certificate.write_bytes(before)


def _lock_key(files: CertificateFiles, clock: ManualClock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    files.key.write_bytes(locked)


def _make_folder(files: CertificateFiles, clock: ManualClock) -> None:
    files.key.unlink()
    files.key.mkdir()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(lambda files, clock: files.certificate.unlink(), "tls.missing", id="no_certificate_file"),
        pytest.param(lambda files, clock: files.key.unlink(), "tls.missing", id="no_key_file"),
        pytest.param(_make_folder, "tls.unreadable", id="key_is_a_folder"),
        pytest.param(lambda files, clock: files.certificate.write_bytes(b"x"), "tls.no_certificate", id="rubbish"),
        pytest.param(
            lambda files, clock: files.certificate.write_bytes(files.key.read_bytes()),
            "tls.no_certificate",
            id="files_swapped",
        ),
        pytest.param(lambda files, clock: files.key.write_bytes(b"x"), "tls.no_key", id="key_rubbish"),
        pytest.param(_lock_key, "tls.key_protected", id="key_with_a_password"),
        pytest.param(_swap_key, "tls.key_mismatch", id="key_of_another"),
        pytest.param(
            lambda files, clock: write_pair(files.key.parent, clock, days=(-90, 0)), "tls.expired", id="expired"
        ),
        pytest.param(lambda files, clock: write_pair(files.key.parent, clock, days=(1, 90)), "tls.not_yet", id="early"),
        pytest.param(lambda files, clock: write_pair(files.key.parent, clock, names=()), "tls.no_names", id="no_names"),
    ],
)
def test_given_certificate_that_cannot_serve_is_refused_with_its_reason(
    tmp_path: Path, clock: ManualClock, spoil: Callable[[CertificateFiles, ManualClock], object], code: str
) -> None:
    files = write_pair(tmp_path, clock)
    spoil(files, clock)
    with pytest.raises(BrightKitchenError) as refused:
        read_certificate(files, clock.utc())
    assert refused.value.code == code


# -- replaced while it is in use -------------------------------------------------------------------------------------------


@asynccontextmanager
async def watching(files: CertificateFiles, clock: ManualClock) -> AsyncIterator[list[bytes]]:
    """Yield the fingerprints of what was taken over so far."""
    taken: list[bytes] = []
    watch = CertificateWatch(files, clock)
    task = asyncio.create_task(watch.run(lambda: taken.append(read_certificate(files, clock.utc()).fingerprint)))
    try:
        yield taken
    finally:
        task.cancel()
        await asyncio.wait((task,), timeout=5)


async def test_replaced_pair_is_taken_over_once(tmp_path: Path, clock: ManualClock) -> None:
    files = write_pair(tmp_path, clock)
    async with watching(files, clock) as taken:
        await clock.advance(3 * LOOK_EVERY_S)
        assert taken == []
        write_pair(tmp_path, clock)
        await clock.advance(3 * LOOK_EVERY_S)
        assert taken == [read_certificate(files, clock.utc()).fingerprint]


async def test_half_replaced_pair_waits_for_its_other_half(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "new").mkdir()
    files, new = write_pair(tmp_path, clock), write_pair(tmp_path / "new", clock)
    async with watching(files, clock) as taken:
        new.certificate.replace(files.certificate)
        await clock.advance(3 * LOOK_EVERY_S)
        assert taken == []
        new.key.replace(files.key)
        await clock.advance(LOOK_EVERY_S)
        assert len(taken) == 1


async def test_renewal_of_our_own_is_noticed(own: OwnAuthority, clock: ManualClock) -> None:
    own.ensure(HOST)
    async with watching(own.files, clock) as taken:
        clock.jump(368 * DAY_S)
        own.ensure(HOST)
        await clock.advance(2 * LOOK_EVERY_S)
        assert len(taken) == 1


async def test_renewed_certificate_is_shown_to_the_next_and_closes_nobody(
    own: OwnAuthority, clock: ManualClock
) -> None:
    """The media node's way: the same context, new files."""
    own.ensure(HOST)
    context = make_context(own.files)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    server = await asyncio.start_server(_echo, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    anybody = ssl.create_default_context()  # the manual clock is where the system's is not
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=anybody)
    first = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    clock.jump(368 * DAY_S)
    own.ensure(HOST)
    context.load_cert_chain(own.files.certificate, own.files.key)
    _reader, other = await asyncio.open_connection("127.0.0.1", port, ssl=anybody)
    second = other.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert first != second == read_leaf(own).public_bytes(Encoding.DER)
    writer.write(b"still here\n")
    assert await asyncio.wait_for(reader.readline(), 5) == b"still here\n"
    for each in (writer, other):
        each.close()
        await each.wait_closed()
    server.close()
    await server.wait_closed()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.readline():
        writer.write(data)
        await writer.drain()
    writer.close()
