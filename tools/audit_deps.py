"""Compares the lock files with `advisories.toml`: fails on a known hole, warns when the list is older than 30 days. Offline.

Also refuses a Python lock line without a hash, and writes a CycloneDX list of parts with ``--sbom FILE``.
"""

import argparse
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from packaging.version import Version

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.units import format_utc

ROOT: Final = Path(__file__).resolve().parents[1]
OLD_AFTER_DAYS: Final = 30
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
# Libraries that live inside the wheels and have holes of their own.
INSIDE_WHEELS: Final = {
    "av": "FFmpeg",
    "cryptography": "OpenSSL",
    "granian": "rustls, hyper",
    "pillow": "libjpeg-turbo, zlib",
}


@dataclass(frozen=True, slots=True)
class Part:
    ecosystem: str
    name: str
    version: str


def parse_requirements(text: str) -> list[Part]:
    """Return what a hashed requirements file pins. raises: ValueError naming a pin without a hash."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    parts = []
    for block in blocks:
        if found := _PINNED.match(block):
            if "--hash=" not in block:
                raise ValueError(f"{found[1]} has no hash")
            parts.append(Part("pypi", found[1].lower().replace("_", "-"), found[2]))
    return parts


def parse_package_lock(text: str) -> list[Part]:
    """Return what an npm lock pins. raises: ValueError naming a package without integrity."""
    parts = []
    for path, entry in json.loads(text).get("packages", {}).items():
        if not path or entry.get("link"):
            continue
        name = path.rpartition("node_modules/")[2]
        if "integrity" not in entry and not entry.get("inBundle"):
            raise ValueError(f"{name} has no integrity")
        parts.append(Part("npm", name, entry["version"]))
    return parts


def find_holes(parts: list[Part], advisories: list[dict[str, Any]]) -> list[str]:
    """Return one sentence for each part that an advisory names. Any: TOML."""
    return [
        f"{part.name} {part.version}: {advisory['id']}, mended in {advisory['below']}: {advisory['why']}"
        for part in parts
        for advisory in advisories
        if part.name == advisory["package"] and Version(part.version) < Version(advisory["below"])
    ]


def bill_of_materials(parts: list[Part]) -> dict[str, object]:
    """Return a CycloneDX 1.5 document of `parts` and of what is known to be inside them."""
    components: list[dict[str, str]] = [
        {
            "type": "library",
            "name": part.name,
            "version": part.version,
            "purl": f"pkg:{part.ecosystem}/{part.name}@{part.version}",
        }
        for part in sorted(set(parts), key=lambda part: (part.ecosystem, part.name, part.version))
    ]
    components += [
        {"type": "library", "name": inside, "description": f"inside the wheel of {name}"}
        for name, inside in INSIDE_WHEELS.items()
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def days_old(updated_on: date, today: str) -> int:
    """Return the days from `updated_on` to `today` (RFC 3339)."""
    return (date.fromisoformat(today[:10]) - updated_on).days


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path)
    arguments = parser.parse_args()
    known = tomllib.loads((ROOT / "tools/advisories.toml").read_text("utf-8"))
    parts = [
        *parse_requirements((ROOT / "requirements/run.txt").read_text("utf-8")),
        *parse_requirements((ROOT / "requirements/dev.txt").read_text("utf-8")),
        *parse_package_lock((ROOT / "ui/package-lock.json").read_text("utf-8")),
    ]
    age_days = days_old(known["updated_on"], format_utc(SystemClock().utc()))
    if age_days > OLD_AFTER_DAYS:
        print(f"warning: tools/advisories.toml is {age_days} days old")
    holes = find_holes(sorted(set(parts), key=lambda part: part.name), known["advisory"])
    for hole in holes:
        print(hole)
    if arguments.sbom:
        arguments.sbom.write_text(json.dumps(bill_of_materials(parts), indent=1) + "\n", encoding="utf-8")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
