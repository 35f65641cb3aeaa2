"""The hook with a tiny project of its own: real npm of the wheel, no network."""

import json
from pathlib import Path

import pytest

from tools.build_ui_hook import STAMP, UiBuildFailed, build_ui, hash_sources, is_built

BUILD = (
    "const fs=require('fs');fs.mkdirSync('../static',{recursive:true});fs.writeFileSync('../static/index.html','page')"
)


@pytest.fixture
def ui(tmp_path: Path) -> Path:
    folder = tmp_path / "ui"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("export {};\n", encoding="utf-8")
    write_package(folder, BUILD)
    return folder


def write_package(ui: Path, script: str) -> None:
    name = {"name": "tiny", "version": "1.0.0"}
    package = name | {"scripts": {"build": f"node -e {json.dumps(script)}"}}
    lock = name | {"lockfileVersion": 3, "requires": True, "packages": {"": name}}
    (ui / "package.json").write_text(json.dumps(package), encoding="utf-8")
    (ui / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def test_build_ui_nothing_built_builds_and_stamps(ui: Path, tmp_path: Path) -> None:
    static = tmp_path / "static"
    assert build_ui(ui, static)
    assert (static / "index.html").read_text(encoding="utf-8") == "page"
    assert (static / STAMP).read_text(encoding="ascii").strip() == hash_sources(ui)


def test_build_ui_up_to_date_leaves_files_alone(ui: Path, tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("built before", encoding="utf-8")
    (static / STAMP).write_text(hash_sources(ui), encoding="ascii")
    assert not build_ui(ui, static)
    assert (static / "index.html").read_text(encoding="utf-8") == "built before"


def test_build_ui_failing_script_tells_step_and_output(ui: Path, tmp_path: Path) -> None:
    write_package(ui, "console.error('the oven is cold');process.exit(3)")
    with pytest.raises(UiBuildFailed, match=r"npm run build ended with status(.|\n)*the oven is cold"):
        build_ui(ui, tmp_path / "static")
    assert not (tmp_path / "static" / STAMP).exists()


def test_build_ui_script_without_result_fails(ui: Path, tmp_path: Path) -> None:
    write_package(ui, "process.exit(0)")
    with pytest.raises(UiBuildFailed, match=r"left no index\.html"):
        build_ui(ui, tmp_path / "static")


def test_build_ui_no_sources_and_nothing_built_fails(tmp_path: Path) -> None:
    with pytest.raises(UiBuildFailed, match="neither built files"):
        build_ui(tmp_path / "ui", tmp_path / "static")


def test_is_built_source_changed_is_false_but_test_changed_is_true(ui: Path, tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("page", encoding="utf-8")
    (static / STAMP).write_text(hash_sources(ui), encoding="ascii")
    (ui / "src" / "main.test.ts").write_text("a test", encoding="utf-8")
    assert is_built(ui, static)
    (ui / "src" / "main.ts").write_text("export const changed = 1;\n", encoding="utf-8")
    assert not is_built(ui, static)


def test_hash_sources_file_renamed_differs(ui: Path) -> None:
    before = hash_sources(ui)
    (ui / "src" / "main.ts").rename(ui / "src" / "other.ts")
    assert hash_sources(ui) != before
