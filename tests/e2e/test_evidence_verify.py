"""S28, T04, T29: from a live picture to a zip that Chromium judges from file://, without a network; one flipped byte is named."""

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from tests.e2e.browsing import chromium, shoot
from tests.e2e.caller import Caller, Json, build_utc, parse_utc_ms, until
from tests.e2e.product import Product, run_command

from brightkitchen_sim.liveclock import read_clock

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def export(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with a live snapshot, one of a recorded moment and a clip."""
    camera = caller.clock_camera()["id"]
    until_ms = caller.wait_recording(camera)
    until_ms = caller.wait_recording(camera, after_ms=until_ms + 6000)
    wishes: list[Json] = [
        {"kind": "snapshot"},
        {"kind": "snapshot", "at": build_utc(until_ms - 3000)},
        {"kind": "clip", "from": build_utc(until_ms - 5000), "to": build_utc(until_ms - 2000)},
    ]
    items = []
    for wish in wishes:
        answer = caller.http.post("/api/v1/evidence", json={"camera": camera, "purpose": "PENALTY", **wish})
        assert answer.status_code == 201, answer.text
        items.append(answer.json())
    caller.prove()
    body = {"items": [each["id"] for each in items], "purpose": "PENALTY", "case_no": "罚12号", "recipient": "法院"}
    job = caller.http.post("/api/v1/evidence/exports", json=body).json()

    def ready() -> Json | None:
        found: Json = caller.http.get(f"/api/v1/evidence/exports/{job['id']}").json()
        assert found["state"] not in ("FAILED", "CANCELLED"), found
        return found if found["state"] == "READY" else None

    until(ready, 30, "the export is ready")
    file = tmp_path_factory.mktemp("export") / "evidence.zip"
    file.write_bytes(caller.http.get(f"/api/v1/evidence/exports/{job['id']}/file").content)
    return file


def unpack(export: Path, folder: Path) -> Path:
    with zipfile.ZipFile(export) as archive:
        archive.extractall(folder)
    return folder


def test_live_and_recorded_snapshots_show_the_moment_they_claim(export: Path, tmp_path: Path) -> None:
    folder = unpack(export, tmp_path)
    snapshots = sorted(folder.glob("items/*/original.jpg"))
    assert len(snapshots) == 2
    for file in snapshots:
        manifest = json.loads((file.parent / "manifest.json").read_bytes())
        drawn_ms = read_clock(np.asarray(Image.open(io.BytesIO(file.read_bytes())).convert("RGB")))
        assert drawn_ms is not None
        assert abs(drawn_ms - parse_utc_ms(manifest["frame_at"])) < 500
        assert manifest["source"] == "recording"
        assert isinstance(manifest["clock"]["camera_drift_us"], int)
        assert abs(manifest["clock"]["camera_drift_us"]) < 2_000_000


def test_exported_media_opens_in_other_programs(export: Path, tmp_path: Path) -> None:
    folder = unpack(export, tmp_path)
    (clip,) = folder.glob("items/*/original-1.mp4")
    (copy,) = folder.glob("c2pa/*.mp4")
    for file, kind in (*((jpeg, "JPEG") for jpeg in folder.glob("items/*/*.jpg")), (clip, "MP4"), (copy, "MP4")):
        if shutil.which("exiftool"):
            said = subprocess.run(["exiftool", "-json", str(file)], capture_output=True, timeout=30, check=True).stdout
            found = json.loads(said)[0]
            assert (found["FileType"], "Error" in found, "Warning" in found) == (kind, False, False), found
    frames = []
    for file in (clip, copy):
        probed = subprocess.run(
            ["ffprobe", "-v", "warning", "-count_frames", "-show_streams", "-of", "json", str(file)],
            capture_output=True,
            timeout=30,
            check=True,
        )
        video = json.loads(probed.stdout)["streams"][0]
        assert (video["codec_name"], int(video["nb_read_frames"]) >= 70, probed.stderr) == ("h264", True, b"")
        frames.append(video["nb_read_frames"])
    assert frames[0] == frames[1]


def test_copies_with_c2pa_open_in_chromium_and_the_command_calls_them_intact(
    browser: Browser, export: Path, tmp_path: Path
) -> None:
    folder = unpack(export, tmp_path)
    (copy,) = folder.glob("c2pa/*.mp4")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(copy.as_uri())
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    assert page.evaluate("document.querySelector('video').videoWidth") > 0
    for jpeg in folder.glob("items/*/display.jpg"):
        page.goto(jpeg.as_uri())
        page.wait_for_function("document.images.length === 1 && document.images[0].naturalWidth > 0")
    context.close()
    said = json.loads(run_command("evidence", "verify", "--json", str(export)).stdout)
    assert (len(said["c2pa"]), {each["state"] for each in said["c2pa"].values()}) == (4, {"Trusted"})


def judge(browser: Browser, page_file: Path, package: Path) -> Page:
    """Open the page from the disk, without a network, and give it the package."""
    context = browser.new_context(offline=True, locale="zh-CN", viewport={"width": 1200, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(page_file.as_uri())
    page.locator("#zip").set_input_files(package)
    page.locator("body[data-state=done]").wait_for(timeout=30_000)
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert complaints == []
    return page


def test_page_says_intact_and_signer_unknown_and_shows_the_pictures(
    browser: Browser, export: Path, tmp_path: Path
) -> None:
    folder = unpack(export, tmp_path)
    page = judge(browser, folder / "verify.html", export)
    assert "内容完整，签名者未知" in page.locator(".verdict").inner_text()
    assert page.locator(".item").count() == 3
    page.wait_for_function("[...document.images].length === 5 && [...document.images].every(i => i.naturalWidth > 0)")
    page.wait_for_function("document.querySelector('video').readyState >= 1")
    assert page.evaluate("document.querySelector('video').videoWidth") > 0
    shoot(page, "evidence-verify-zh")
    fingerprint = page.locator(".print").first.inner_text()
    page.locator("#given").fill(fingerprint)
    assert "指纹与您填写的一致" in page.locator(".verdict").inner_text()
    page.locator("#given").fill("ab" * 32)
    assert "签名者未知" in page.locator(".verdict").inner_text()
    page.locator("#language").click()
    assert "Intact, signer unknown" in page.locator(".verdict").inner_text()
    shoot(page, "evidence-verify-en")
    page.context.close()


def test_page_names_one_flipped_byte_in_each_file(browser: Browser, export: Path, tmp_path: Path) -> None:
    folder = unpack(export, tmp_path / "sound")
    names = [name for name in zipfile.ZipFile(export).namelist() if name != "export.seal.json"]
    context = browser.new_context(offline=True, locale="zh-CN")
    page = context.new_page()
    page.goto((folder / "verify.html").as_uri())
    for name in names:
        package = tmp_path / "flipped.zip"
        with zipfile.ZipFile(export) as sound, zipfile.ZipFile(package, "w") as flipped:
            for entry in sound.infolist():
                data = bytearray(sound.read(entry))
                if entry.filename == name:
                    data[len(data) // 2] ^= 1
                flipped.writestr(entry.filename, bytes(data))
        page.evaluate("document.body.dataset.state = 'waiting'")
        page.locator("#zip").set_input_files(package)
        page.locator("body[data-state=done]").wait_for(timeout=30_000)
        verdict = page.locator(".verdict").inner_text()
        assert "校验未通过" in verdict and name in verdict, (name, verdict)
    shoot(page, "evidence-verify-broken")
    context.close()


def test_command_line_says_the_same(export: Path, tmp_path: Path) -> None:
    unknown = run_command("evidence", "verify", str(export))
    assert (unknown.returncode, "Intact, signer unknown" in unknown.stdout) == (3, True), unknown.stdout
    fingerprint = json.loads(run_command("evidence", "verify", str(export), "--json").stdout)["fingerprint"]
    trust = tmp_path / "trust.txt"
    trust.write_text(f"# published on the bureau's page\n{fingerprint}\n")
    known = run_command("evidence", "verify", str(export), "--trust", str(trust))
    assert (known.returncode, "Valid" in known.stdout) == (0, True), known.stdout
    trust.write_text("ab" * 32)
    assert run_command("evidence", "verify", str(export), "--trust", str(trust)).returncode == 3
    folder = unpack(export, tmp_path / "out")
    assert run_command("evidence", "verify", str(folder)).returncode == 3
    (clip,) = folder.glob("items/*/original-1.mp4")
    damaged = bytearray(clip.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    clip.write_bytes(bytes(damaged))
    broken = run_command("evidence", "verify", str(folder))
    assert (broken.returncode, f"{clip.parent.name}  " in broken.stdout, clip.name in broken.stdout) == (1, True, True)


def test_check_evidence_of_the_running_product_is_well(product: Product, export: Path) -> None:
    assert export.is_file()
    said = run_command("check", "--evidence", "--data", str(product.data))
    assert said.returncode == 0, said.stdout + said.stderr
