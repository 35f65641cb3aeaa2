"""The manifest: how an item becomes bytes, and bytes its place in the chain (docs/design/evidence.md §4). Pure and frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.canonicaljson import Json, build_canonical, parse_canonical
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.evidence import FORMAT, FileFact, hash_bytes, hash_link
from brightkitchen.kernel.units import Utc, format_utc, parse_utc

MANIFEST_FILE: Final = "manifest.json"
SEAL_FILE: Final = "seal.json"
STATEMENT_FILE: Final = "statement.json"
DISPLAY_FILE: Final = "display.jpg"
_PLACE: Final = ("seq", "before", "sealed_at")


@dataclass(frozen=True, slots=True)
class Placed:
    """A manifest with its place: canonical bytes, their SHA-256, h(n)."""

    manifest: bytes
    sha256: str
    hash: str


def build_draft(facts: dict[str, Json], files: Sequence[FileFact]) -> str:
    """Return a manifest that has no place yet. facts: everything of §4 but format, place and files."""
    listed: Json = [
        {"name": f.name, "role": f.role, "type": f.type, "size_bytes": f.size_bytes, "sha256": f.sha256} for f in files
    ]
    return build_canonical({**facts, "format": FORMAT, "suite": "sha256", "files": listed}).decode()


def place(draft: str, *, seq: int, before: str, sealed_at: Utc) -> Placed:
    """Return the draft with its place in the chain. before: h(seq - 1)."""
    facts = parse_canonical(draft.encode())
    manifest = build_canonical({**facts, "seq": seq, "before": before, "sealed_at": format_utc(sealed_at)})
    sha256 = hash_bytes(manifest)
    return Placed(manifest, sha256, hash_link(before, sha256))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a verifier needs of a manifest; `facts` is all of it."""

    id: str
    number: str
    seq: int
    before: str
    sealed_at: Utc
    files: tuple[FileFact, ...]
    node_key: str
    facts: dict[str, Json]


def parse_manifest(data: bytes) -> Manifest:
    """raises: TheirError if it is no sealed manifest of this format in its one spelling."""
    facts = parse_canonical(data)
    try:
        files, node = facts["files"], facts["node"]
        if facts["format"] != FORMAT or not isinstance(files, list) or not isinstance(node, dict):
            raise TheirError("not a manifest of this format", sample=data)
        return Manifest(
            id=_text(facts["id"]),
            number=_text(facts["number"]),
            seq=_number(facts["seq"]),
            before=_text(facts["before"]),
            sealed_at=parse_utc(_text(facts["sealed_at"])),
            files=tuple(_file(each) for each in files),
            node_key=_text(node["public_key"]),
            facts=facts,
        )
    except (KeyError, ValueError) as cause:
        raise TheirError("not a manifest of this format", sample=data) from cause


def _file(value: Json) -> FileFact:
    if not isinstance(value, dict) or set(value) != {"name", "role", "type", "size_bytes", "sha256"}:
        raise ValueError("not a file")
    return FileFact(
        name=_text(value["name"]),
        role=_text(value["role"]),
        type=_text(value["type"]),
        size_bytes=_number(value["size_bytes"]),
        sha256=_text(value["sha256"]),
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("not a number")
    return value
