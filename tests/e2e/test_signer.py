"""S27: the key is in a process of its own, which signs digests of evidence for control and nothing else for anybody."""

import json
import os
import signal
import socket
import stat
from pathlib import Path

import psutil
import pytest
from tests.e2e.caller import Caller, Json, until
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
DIGEST = "ab" * 32


def processes_of(product: Product) -> dict[str, psutil.Process]:
    """Return the product's processes by their command."""
    children = psutil.Process(product.pid).children()
    return {words[3]: child for child in children if len(words := child.cmdline()) > 3}


def ask(path: Path, *lines: bytes) -> list[bytes]:
    """Send lines and return what comes back until the signer hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.sendall(b"".join(each + b"\n" for each in lines))
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer.splitlines()


def test_signer_is_a_process_with_its_own_folder_and_no_network(product: Product) -> None:
    signer = processes_of(product)["signer"]
    assert signer.net_connections("inet") == []
    folder = product.data / "signer"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE((product.data / "run" / "signer.sock").stat().st_mode) == 0o600
    others = [child for name, child in processes_of(product).items() if name != "signer"]
    opened = {file.path for child in others for file in child.open_files()}
    assert not any(path.startswith(str(folder)) for path in opened)


@pytest.mark.parametrize(
    "lines",
    [
        [json.dumps({"type": "sign", "what": "bk-evidence-v1", "digest": DIGEST}).encode()],
        [json.dumps({"type": "hello", "secret": "00" * 32}).encode()],
        [b'{"type":"keys"}'],
        [b'{"type":"stamp_chain"}'],
        [json.dumps({"type": "stamp", "to_sign": b"\x84\x6aSignature1".hex()}).encode()],
        [b"x" * 10_000],
        [b"\xff\xfe"],
        [],
    ],
)
def test_signer_without_the_secret_signs_and_tells_nothing(product: Product, lines: list[bytes]) -> None:
    before = _signed(product)
    for answer in ask(product.data / "run" / "signer.sock", *lines):
        assert json.loads(answer) == {"type": "refused", "code": "signer.refused"}
    assert _signed(product) == before


def test_snapshot_is_signed_with_c2pa_by_the_signer_and_control_never_loads_the_library(
    product: Product, caller: Caller
) -> None:
    taken = capture(caller, caller.clock_camera()["id"])
    found: Json = caller.http.get(f"/api/v1/evidence/{taken['id']}").json()
    assert json.loads(found["manifest"])["c2pa"] == "signed"
    whats = [json.loads(line)["what"] for line in _signed(product).splitlines()]
    assert "c2pa" in whats
    assert {f"c2pa-{name}" for name in ("root.key", "root.pem", "0001.key", "0001.pem")} <= {
        file.name for file in (product.data / "signer").iterdir()
    }
    for child in processes_of(product).values():
        assert not any("c2pa" in each.path for each in child.memory_maps())


def test_secret_of_the_signer_is_in_no_argument_and_no_environment(product: Product) -> None:
    control = processes_of(product)["control"]
    for child in processes_of(product).values():
        seen = " ".join(child.cmdline()) + " ".join(child.environ().values())
        assert "signer_secret" not in seen
    assert "--inherit" in control.cmdline()


def test_signer_that_was_killed_comes_back_with_its_key_and_seals_what_waited(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()["id"]
    first = capture(caller, camera)
    assert first["state"] == "SEALED"
    os.kill(processes_of(product)["signer"].pid, signal.SIGKILL)
    second = capture(caller, camera)

    def sealed() -> Json | None:
        found: Json = caller.http.get(f"/api/v1/evidence/{second['id']}").json()
        return found if found["state"] == "SEALED" else None

    later = until(sealed, 40, "the item that waited is sealed")
    seals = [json.loads(caller.http.get(f"/api/v1/evidence/{each['id']}").json()["seal"]) for each in (first, later)]
    assert (later["seq"], seals[0]["kid"]) == (first["seq"] + 1, seals[1]["kid"])


def capture(caller: Caller, camera: str) -> Json:
    body = {"kind": "snapshot", "camera": camera, "purpose": "PATROL"}
    answer = caller.http.post("/api/v1/evidence", json=body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def _signed(product: Product) -> bytes:
    file = product.data / "signer" / "signed.jsonl"
    return file.read_bytes() if file.exists() else b""
