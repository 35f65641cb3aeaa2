"""P5 delete (docs/design/storage.md §4). Runs on the keeper's thread, in bounded batches, so that nothing else waits for it."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.recordingplan import DeletedRange
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.files import Files, Names
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, final_folder, final_names, open_names
from brightkitchen.media.store.ledger import Garbage, Ledger, Stored, StreamRow
from brightkitchen.media.store.model import Span
from brightkitchen.media.store.volumes import Volumes

log = get_logger(__name__)

BATCH_FILES: Final = 400
Why = Literal["age", "quota", "full", "purge"]


def doom(
    ledger: Ledger,
    stream: StreamRow,
    files: Sequence[Stored],
    *,
    why: Why,
    held: Sequence[Span],
    now: Utc,
    entropy: Entropy,
) -> list[DeletedRange]:
    """P5.1, inside a transaction: rows become garbage rows, and each range of them is proven. files: of `stream`, by start."""
    ledger.doom(files)
    runs = _split(files, ledger.load_between(stream.no, files[0].start_at, files[-1].start_at))
    for run, _ in runs:
        ledger.note_deleted(stream.no, run[0].start_at, run[-1].end_at)
    proofs: list[DeletedRange] = []
    for part, spared in _join_over_holds(runs, held):
        proof = DeletedRange(
            id=new_id("del", entropy),
            camera=stream.key.camera,
            profile=stream.key.profile.value,
            from_at=part[0].start_at,
            to_at=part[-1].end_at,
            files=len(part),
            size_bytes=sum(file.size_bytes for file in part),
            digest=digest_of(part),
            why=why,
            plan_version=stream.plan_version,
            spared=spared,
            deleted_at=now,
        )
        ledger.save_proof(proof)
        proofs.append(proof)
    return proofs


def digest_of(files: Sequence[Stored]) -> str:
    """Return what `DeletedRange.digest` says: SHA-256 over a line for each file. A file that was never hashed has no hash in its line."""
    lines = "".join(f"{file.id} {file.size_bytes} {file.hash}\n" for file in files)
    return hashlib.sha256(lines.encode("ascii")).hexdigest()


def _split(files: Sequence[Stored], left: Sequence[Span]) -> list[tuple[list[Stored], list[Span]]]:
    """Return `files` in runs with nothing left between, each with the files that are left before it, behind the run before."""
    runs: list[tuple[list[Stored], list[Span]]] = []
    waiting = iter([*left, None])
    span = next(waiting)
    for file in files:
        between: list[Span] = []
        while span is not None and span.from_at < file.start_at:
            between.append(span)
            span = next(waiting)
        if between or not runs:
            runs.append(([file], between))
        else:
            runs[-1][0].append(file)
    return runs


def _join_over_holds(
    runs: Sequence[tuple[list[Stored], list[Span]]], held: Sequence[Span]
) -> list[tuple[list[Stored], int]]:
    """Return the runs as ranges for proofs, each with how many held files lie inside: a file kept for another reason parts them."""
    parts: list[tuple[list[Stored], int]] = []
    for run, between in runs:
        if parts and all(_touches(span, held) for span in between):
            part, spared = parts[-1]
            parts[-1] = ([*part, *run], spared + len(between))
        else:
            parts.append((run, 0))
    return parts


def _touches(span: Span, held: Sequence[Span]) -> bool:
    return any(span.from_at < hold.to_at and hold.from_at < span.to_at for hold in held)


def sweep(index: Index, ledger: Ledger, volumes: Volumes, *, limit: int = BATCH_FILES) -> int:
    """P5.2 to P5.4 for garbage that lies on volumes that are there; return how much was removed. raises: OSError."""
    garbage = ledger.load_garbage(limit, volumes.there)
    by_volume: dict[int, list[Garbage]] = {}
    for one in garbage:
        by_volume.setdefault(one.volume, []).append(one)
    for number, some in by_volume.items():
        _remove_files(volumes.files_of(number), some)
    if garbage:
        with index.transaction():  # P5.4
            ledger.drop_garbage(garbage)
    return len(garbage)


def _remove_files(files: Files, garbage: Sequence[Garbage]) -> None:
    """Harmless for what is gone already. The file lies at its final place, or still under open/ if P3 did not come to an end."""
    touched: dict[Names, None] = {(OPEN,): None}  # also what an earlier life unlinked and did not sync
    for one in garbage:
        for names in (final_names(one.id, one.key, one.start_at), open_names(one.id)):
            with suppress(FileNotFoundError):
                files.unlink(names)  # P5.2
                touched[names[:-1]] = None
    for one in garbage:
        touched.setdefault(final_folder(one.key, one.start_at), None)
    for folder in touched:
        with suppress(FileNotFoundError):
            files.sync_dir(folder)  # P5.3
            if folder != (OPEN,) and not files.list_names(folder):
                files.remove_dir(folder)


def group_by_stream(files: Sequence[Stored]) -> Mapping[int, list[Stored]]:
    """Return `files` by stream, each by start."""
    groups: dict[int, list[Stored]] = {}
    for file in files:
        groups.setdefault(file.stream, []).append(file)
    for some in groups.values():
        some.sort(key=lambda file: (file.start_at, file.no))
    return groups
