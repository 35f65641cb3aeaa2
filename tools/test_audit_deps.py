import json
from datetime import date
from pathlib import Path

import pytest

from tools.audit_deps import Part, bill_of_materials, days_old, find_holes, parse_package_lock, parse_requirements

ROOT = Path(__file__).parents[1]
LOCK = """starlette==1.5.0 \\
    --hash=sha256:00
    # via fastapi
Authlib[x]==1.6.9 ; python_version >= "3.11" \\
    --hash=sha256:11
"""
ADVISORIES = [
    {"package": "starlette", "below": "1.5.1", "id": "CVE-1", "why": "slow"},
    {"package": "authlib", "below": "1.6.9", "id": "CVE-2", "why": "believes"},
]


def test_parts_in_a_requirements_lock_are_read() -> None:
    assert parse_requirements(LOCK) == [Part("pypi", "starlette", "1.5.0"), Part("pypi", "authlib", "1.6.9")]


def test_pin_without_a_hash_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="starlette has no hash"):
        parse_requirements("starlette==1.5.0\nother==1 --hash=sha256:0\n")


def test_npm_lock_without_integrity_is_refused_by_name() -> None:
    lock = {"packages": {"": {}, "node_modules/a": {"version": "1.0.0"}}}
    with pytest.raises(ValueError, match="a has no integrity"):
        parse_package_lock(json.dumps(lock))


def test_npm_lock_nested_package_is_read_by_its_own_name() -> None:
    lock = {"packages": {"": {}, "node_modules/x/node_modules/@s/y": {"version": "2.0.0", "integrity": "sha512-0"}}}
    assert parse_package_lock(json.dumps(lock)) == [Part("npm", "@s/y", "2.0.0")]


def test_hole_below_the_mended_version_is_found_and_the_mended_one_passes() -> None:
    assert find_holes(parse_requirements(LOCK), ADVISORIES) == ["starlette 1.5.0: CVE-1, mended in 1.5.1: slow"]


def test_our_own_locks_have_hashes_and_the_parts_we_name() -> None:
    names = {part.name for part in parse_requirements((ROOT / "requirements/run.txt").read_text("utf-8"))}
    assert {"fastapi", "starlette", "aiohttp", "av", "cryptography"} <= names


def test_bill_of_materials_names_parts_once_and_what_is_inside_wheels() -> None:
    document = bill_of_materials([Part("pypi", "av", "18.1.0")] * 2)
    names = [component["name"] for component in document["components"]]  # type: ignore[attr-defined]  # object of JSON
    assert names.count("av") == 1
    assert "FFmpeg" in names


def test_age_of_the_list_is_in_days() -> None:
    assert days_old(date(2026, 11, 23), "2026-12-24T01:00:00Z") == 31
