"""S32 for what we ask over HTTPS: the judged address is the one we connect to, the name is what its certificate is checked for."""

import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from brightkitchen.kernel.netguard import GuardPolicy, NetGuard, parse_endpoint
from brightkitchen.kernel.outgoing import OutgoingError, OutgoingHttp

MOST_BYTES = 1000


def _make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the files of a self-signed certificate for `name` and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


@asynccontextmanager
async def _serving(certificate: Path, secret: Path, seen: list[str]) -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers["host"])
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/", answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _guard(port: int, asked: list[str], *answers: str) -> NetGuard:
    """A guard that allows that port of loopback and nothing else, and a resolver that says `answers`."""

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return list(answers)

    policy = GuardPolicy(allow_networks=(), allow_endpoints=(parse_endpoint(f"127.0.0.1:{port}"),))
    return NetGuard(policy, resolve)


async def _fail(http: OutgoingHttp, url: str) -> str:
    with pytest.raises(OutgoingError) as failed:
        await http.get(url, most_bytes=MOST_BYTES)
    return failed.value.why


async def test_name_is_resolved_once_and_its_certificate_checked(tmp_path: Path) -> None:
    certificate, secret = _make_certificate(tmp_path, "sso.test")
    other, _ = _make_certificate(tmp_path, "other.test")
    asked: list[str] = []
    seen: list[str] = []
    async with _serving(certificate, secret, seen) as port:
        guard = _guard(port, asked, "127.0.0.1")
        believing = OutgoingHttp(guard, ca_file=certificate)
        answer = await believing.get(f"https://sso.test:{port}/", most_bytes=MOST_BYTES)
        assert (answer.status, answer.body, asked, seen) == (200, b"{}", ["sso.test"], [f"sso.test:{port}"])
        assert await _fail(believing, f"https://elsewhere.test:{port}/") == "connection"
        assert await _fail(OutgoingHttp(guard), f"https://sso.test:{port}/") == "connection"
        assert await _fail(OutgoingHttp(guard, ca_file=other), f"https://sso.test:{port}/") == "connection"
    assert len(seen) == 1


@pytest.mark.parametrize("answers", [("169.254.169.254",), ("127.0.0.1", "10.0.0.1"), ()])
async def test_name_that_leads_elsewhere_is_never_connected_to(tmp_path: Path, answers: tuple[str, ...]) -> None:
    certificate, secret = _make_certificate(tmp_path, "sso.test")
    seen: list[str] = []
    async with _serving(certificate, secret, seen) as port:
        guard = _guard(port, [], *answers)
        assert await _fail(OutgoingHttp(guard, ca_file=certificate), f"https://sso.test:{port}/") == "address"
    assert seen == []


def test_authority_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for file in ("empty.pem", "none.pem"):
        with pytest.raises((OSError, ssl.SSLError)):
            OutgoingHttp(NetGuard(GuardPolicy()), ca_file=tmp_path / file)
