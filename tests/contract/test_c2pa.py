"""C2PA in copies of evidence (docs/design/evidence.md §8a): the real library signs in its jail and reads back what lies on the disk."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import Control
from tests.contract.kitchen_evidence import Kitchen, open_kitchen

from brightkitchen.bootstrap.main import main
from brightkitchen.bootstrap.stamping import StampingProcess, build_stamper
from brightkitchen.domain.evidence.stamps import JPEG, LABEL, MP4, stamp_bytes
from brightkitchen.kernel.canonicaljson import parse_canonical
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import hash_bytes
from brightkitchen.media.evidence.stamping import Outcome
from brightkitchen.media.evidence.stampreading import read_stamp

CLAIM = json.dumps(
    {
        "claim_generator_info": [{"name": "brightkitchen", "version": "0"}],
        "assertions": [{"label": LABEL, "created": True, "data": {"number": "E2611-00001"}}],
    }
)
JAIL = {"rlimits", "no_new_privs", "seccomp"}


@pytest.fixture
async def kitchen(control: Control, tmp_path: Path) -> AsyncIterator[Kitchen]:
    async with open_kitchen(control, tmp_path) as one:
        yield one


async def read(data: bytes, media_type: str, root: str = "") -> Outcome:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(data)
        file.seek(0)
        return await asyncio.to_thread(read_stamp, file, media_type, root)


async def manifest_of(kitchen: Kitchen, item: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    return dict(parse_canonical((kitchen.folder_of(item) / "manifest.json").read_bytes()))


async def test_display_copy_carries_c2pa_that_names_the_original_and_no_person(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    folder, facts = kitchen.folder_of(item), await manifest_of(kitchen, item)
    _, root = await kitchen.control.signer.stamp_chain()
    outcome = await read((folder / "display.jpg").read_bytes(), JPEG, root)
    assert (facts["c2pa"], outcome.state, outcome.codes) == ("signed", "Trusted", ())
    assert set(outcome.jail) >= JAIL
    assert (await kitchen.client.get(f"/api/v1/evidence/{item['id']}")).json()["c2pa"] == "signed"
    original = (folder / "original.jpg").read_bytes()
    said = outcome.assertions[LABEL]
    assert said["originals"] == [
        {"name": "original.jpg", "size_bytes": len(original), "sha256": hash_bytes(original)},
    ]
    assert (said["number"], said["camera"], said["zone"]) == (item["number"], kitchen.camera, "COOK")
    assert said["frame_at"] == facts["frame_at"]
    assert said["statement_sha256"] == hash_bytes((folder / "statement.json").read_bytes())
    actions = [each["action"] for each in outcome.assertions["c2pa.actions.v2"]["actions"]]
    assert actions == ["c2pa.created", "c2pa.edited"]
    everything = json.dumps(outcome.assertions, ensure_ascii=False)
    assert facts["operator"]["name"] not in everything and facts["operator"]["id"] not in everything
    assert (await read(original, JPEG)).state == "none"


async def test_display_copy_under_a_stranger_s_root_is_intact_and_its_signer_unknown(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    outcome = await read((kitchen.folder_of(item) / "display.jpg").read_bytes(), JPEG)
    assert (outcome.state, outcome.codes) == ("Valid", ("signingCredential.untrusted",))


async def test_display_copy_one_flipped_byte_is_named_by_the_library(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    data = (kitchen.folder_of(item) / "display.jpg").read_bytes()
    _, root = await kitchen.control.signer.stamp_chain()
    flipped = bytearray(data)
    flipped[-2000] ^= 1  # in the picture, far behind the signature
    outcome = await read(bytes(flipped), JPEG, root)
    assert (outcome.state, outcome.codes) == ("Invalid", ("assertion.dataHash.mismatch",))
    inside = data.index(item["number"].encode(), data.index(LABEL.encode()))
    flipped = bytearray(data)
    flipped[inside] ^= 1
    outcome = await read(bytes(flipped), JPEG, root)
    assert (outcome.state, "assertion.hashedURI.mismatch" in outcome.codes) == ("Invalid", True)


async def test_capture_while_the_signer_is_away_is_kept_without_c2pa_and_says_so(kitchen: Kitchen) -> None:
    kitchen.control.signer.is_away = True
    item = await kitchen.snapshot()
    kitchen.control.signer.is_away = False
    await kitchen.control.evidence.sealer.seal_all()
    facts = await manifest_of(kitchen, item)
    display = (kitchen.folder_of(item) / "display.jpg").read_bytes()
    assert (facts["c2pa"], (await read(display, JPEG)).state) == ("failed", "none")
    assert (await kitchen.client.get(f"/api/v1/evidence/{item['id']}")).json()["c2pa"] == "failed"


async def test_stamp_that_takes_too_long_leaves_the_picture_as_it_was(kitchen: Kitchen) -> None:
    class Slow:
        """A signer's door behind which nobody comes."""

        async def stamp(self, to_sign: bytes) -> bytes:
            await asyncio.Event().wait()
            raise AssertionError

        async def stamp_chain(self) -> tuple[str, str]:
            return await kitchen.control.signer.stamp_chain()

    jpeg = (kitchen.folder_of(await kitchen.snapshot()) / "original.jpg").read_bytes()
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(jpeg)
        source.seek(0)
        with pytest.raises(BrightKitchenError, match=r"evidence\.not_stamped"):
            await StampingProcess(Slow()).stamp(source, target, media_type=JPEG, claim=CLAIM, timeout_s=0.5)


async def test_stamp_whose_signature_is_wrong_is_thrown_away(kitchen: Kitchen) -> None:
    asked = []

    class Liar:
        """Signs, but not this."""

        async def stamp(self, to_sign: bytes) -> bytes:
            asked.append(to_sign)
            return bytes(64)

        async def stamp_chain(self) -> tuple[str, str]:
            return await kitchen.control.signer.stamp_chain()

    item = await kitchen.snapshot()
    jpeg = (kitchen.folder_of(item) / "original.jpg").read_bytes()
    kept, stamp = await stamp_bytes(StampingProcess(Liar()), jpeg, CLAIM, number=item["number"])
    assert (len(asked), kept == jpeg, stamp) == (1, True, "failed")


async def test_stamper_switched_off_signs_nothing(kitchen: Kitchen) -> None:
    assert build_stamper(kitchen.control.signer, is_wanted=False) is None
    assert await stamp_bytes(None, b"jpeg", "{}", number="E") == (b"jpeg", "off")


async def test_signer_refusal_is_no_crash_of_a_capture(kitchen: Kitchen) -> None:
    class Refusing:
        """A signer that does not like what it is asked."""

        async def stamp(self, to_sign: bytes) -> bytes:
            raise BrightKitchenError(Kind.UNAVAILABLE, "signer.stamp_refused")

        async def stamp_chain(self) -> tuple[str, str]:
            return await kitchen.control.signer.stamp_chain()

    jpeg = (kitchen.folder_of(await kitchen.snapshot()) / "original.jpg").read_bytes()
    assert await stamp_bytes(StampingProcess(Refusing()), jpeg, CLAIM, number="E") == (jpeg, "failed")


async def test_exported_clip_has_a_signed_copy_that_plays_and_names_its_manifest(
    kitchen: Kitchen, tmp_path: Path
) -> None:
    item = await kitchen.clip()
    _, data = await kitchen.export(item["id"])
    (tmp_path / "export.zip").write_bytes(data)
    folder = tmp_path / "out"
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        archive.extractall(folder)
    copy = folder / "c2pa" / f"{item['number']}-1.mp4"
    root = (folder / "c2pa-root.pem").read_text()
    listed = json.loads((folder / "export.json").read_bytes())
    assert listed["c2pa"]["without"] == [] and len(listed["c2pa"]["root"]) == 64
    facts = {each["name"]: each["sha256"] for each in listed["files"]}
    assert facts[f"c2pa/{copy.name}"] == hash_bytes(copy.read_bytes())
    assert facts["c2pa-root.pem"] == hash_bytes(root.encode())
    outcome = await read(copy.read_bytes(), MP4, root)
    items = folder / "items" / item["number"]
    said = outcome.assertions[LABEL]
    assert (outcome.state, outcome.codes) == ("Trusted", ())
    assert said["manifest_sha256"] == hash_bytes((items / "manifest.json").read_bytes())
    assert [each["sha256"] for each in said["originals"]] == [hash_bytes((items / "original-1.mp4").read_bytes())]
    asked = ("-show_entries", "stream=codec_name,nb_read_frames", "-count_frames", "-of", "json", str(copy))
    shown = await asyncio.to_thread(
        subprocess.run, ["ffprobe", "-v", "warning", *asked], capture_output=True, timeout=30, check=True
    )
    stream = json.loads(shown.stdout)["streams"][0]
    assert (stream["codec_name"], stream["nb_read_frames"], shown.stderr) == ("h264", "50", b"")
    if shutil.which("exiftool"):
        seen = await asyncio.to_thread(
            subprocess.run, ["exiftool", "-json", str(copy)], capture_output=True, timeout=30, check=True
        )
        (found,) = json.loads(seen.stdout)
        assert (found["FileType"], "Error" in found, "Warning" in found) == ("MP4", False, False)
    flipped = bytearray(copy.read_bytes())
    flipped[-2000] ^= 1
    outcome = await read(bytes(flipped), MP4, root)
    assert (outcome.state, outcome.codes) == ("Invalid", ("assertion.bmffHash.mismatch",))


async def test_verify_command_says_what_c2pa_is_worth_and_names_a_flipped_byte(
    kitchen: Kitchen, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    shot, clip = await kitchen.snapshot(), await kitchen.clip()
    _, data = await kitchen.export(shot["id"], clip["id"])
    file = tmp_path / "export.zip"
    file.write_bytes(data)
    assert await asyncio.to_thread(main, ["evidence", "verify", str(file)]) == 3
    assert "C2PA: 3 copies intact, signer unknown outside this export" in capsys.readouterr().out
    name = f"items/{shot['number']}/display.jpg"
    with zipfile.ZipFile(file) as sound, zipfile.ZipFile(tmp_path / "flipped.zip", "w") as flipped:
        for entry in sound.infolist():
            piece = bytearray(sound.read(entry))
            if entry.filename == name:
                piece[-2000] ^= 1
            flipped.writestr(entry.filename, bytes(piece))
    arguments = ["evidence", "verify", "--json", str(tmp_path / "flipped.zip")]
    assert await asyncio.to_thread(main, arguments) == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["c2pa"][name] == {"state": "Invalid", "codes": ["assertion.dataHash.mismatch"]}
    assert {(f["trouble"], f["file"], f["item"]) for f in said["findings"]} == {
        ("file_changed", name, shot["number"]),
        ("stamp_broken", name, shot["number"]),
    }


async def test_verify_command_c2pa_of_another_item_is_found(
    kitchen: Kitchen, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    one, other = await kitchen.clip(), await kitchen.clip(2.0, 3.0)
    _, data = await kitchen.export(one["id"], other["id"])
    file, swapped = tmp_path / "export.zip", tmp_path / "swapped.zip"
    file.write_bytes(data)
    names = {f"c2pa/{each['number']}-1.mp4": each["number"] for each in (one, other)}
    first, second = names
    with zipfile.ZipFile(file) as sound, zipfile.ZipFile(swapped, "w") as wrong:
        for entry in sound.infolist():
            source = {first: second, second: first}.get(entry.filename, entry.filename)
            wrong.writestr(entry.filename, sound.read(source))
    assert await asyncio.to_thread(main, ["evidence", "verify", "--json", str(swapped)]) == 1
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["findings"]
    assert {(f["trouble"], f["file"], f["item"]) for f in found} >= {
        ("stamp_differs", name, number) for name, number in names.items()
    }


async def test_export_while_the_c2pa_key_is_damaged_goes_out_without_copies(kitchen: Kitchen) -> None:
    item = await kitchen.clip()
    for file in kitchen.control.signer.folder.glob("c2pa-0*.key"):
        file.write_bytes(b"torn")
    kitchen.control.signer.forget_stamps()
    job, data = await kitchen.export(item["id"])
    assert job["state"] == "READY"
    (kitchen.folder / "export.zip").write_bytes(data)
    with zipfile.ZipFile(kitchen.folder / "export.zip") as archive:
        listed = json.loads(archive.read("export.json"))
        names = archive.namelist()
    assert listed["c2pa"] == {"root": "unknown", "without": [f"items/{item['number']}/original-1.mp4"]}
    assert not [name for name in names if name.startswith("c2pa")]
