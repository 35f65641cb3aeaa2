"""What may be deleted and what was: plans, holds, garbage and proofs, as rows of the index (docs/design/storage.md §7).

Everything here runs inside `Index.transaction` of the connection it was given, or reads what that connection sees.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey, id_bytes, id_text
from brightkitchen.kernel.recordingplan import DeletedRange, Hold
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.model import GapReason, Span
from brightkitchen.media.store.queries import join_holds

FOREVER: Final = Utc((1 << 62) - 1)
HOLDS_VERSION: Final = "holds_version"
_CHUNK: Final = 64
_END: Final = "start_us + duration_ticks * 100 / 9"

_proof = msgspec.json.Decoder(DeletedRange)


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream that has, or may have, recordings, and the plan it was told last."""

    no: int
    key: StreamKey
    keep_days: int
    plan_version: int


@dataclass(frozen=True, slots=True)
class Stored:
    """One file, as far as deleting it needs to know."""

    no: int
    id: SegmentId
    stream: int
    volume: int
    start_at: Utc
    end_at: Utc
    size_bytes: int
    hash: str


@dataclass(frozen=True, slots=True)
class Garbage:
    """A file without a row that is still to be removed."""

    id: SegmentId
    key: StreamKey
    volume: int
    start_at: Utc


class Ledger:
    """The rows of one index beside its segments."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._db: sqlite3.Connection = index.writer

    # -- plans and holds ----------------------------------------------------------------------------------------------

    def save_plan(self, camera: str, keep_days: int, version: int) -> None:
        """Keep what a camera's plan says, for both its streams."""
        for profile in Profile:
            number = self._index.stream_no(StreamKey(CameraId(camera), profile))
            self._db.execute(
                "UPDATE stream SET keep_days = ?, plan_version = ? WHERE no = ?", (keep_days, version, number)
            )

    def save_holds(self, version: int, holds: Sequence[Hold]) -> None:
        """Replace the whole list."""
        self._db.execute("DELETE FROM hold")
        self._db.executemany(
            "INSERT OR REPLACE INTO hold (id, camera, from_us, to_us) VALUES (?,?,?,?)",
            [(hold.id, hold.camera, hold.from_at, hold.to_at) for hold in holds],
        )
        self.save_note(HOLDS_VERSION, version)

    def load_holds(self) -> dict[str, list[Span]]:
        """Return what is held, by camera: in order, apart; a hold without an end lasts until FOREVER."""
        held: dict[str, list[Span]] = {}
        for camera, from_us, to_us in self._db.execute("SELECT camera, from_us, to_us FROM hold"):
            held.setdefault(camera, []).append(Span(Utc(from_us), Utc(to_us) if to_us is not None else FOREVER))
        return {camera: join_holds(spans) for camera, spans in held.items()}

    def load_note(self, name: str) -> int | None:
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row is not None else None

    def save_note(self, name: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", (name, value))

    # -- what there is ------------------------------------------------------------------------------------------------

    def load_streams(self) -> list[StreamRow]:
        rows = self._db.execute(
            "SELECT no, camera, profile, keep_days, plan_version FROM stream ORDER BY no"
        ).fetchall()
        return [
            StreamRow(no, StreamKey(CameraId(camera), Profile(profile)), keep, plan)
            for no, camera, profile, keep, plan in rows
        ]

    def load_written(self, after_no: int, since_at: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Return the number of the newest file, and (volume, start, size) of those after the number `after_no`, back to `since_at`.

        Files get their numbers when they are closed, so that the newest have the highest; no index over times is needed.
        """
        newest, found = after_no, []
        rows = self._db.execute(
            "SELECT no, volume, start_us, size_bytes FROM segment WHERE no > ? ORDER BY no DESC", (after_no,)
        )
        for no, volume, start_us, size_bytes in rows:
            if start_us < since_at:
                break
            newest = max(newest, no)
            found.append((volume, start_us, size_bytes))
        rows.close()
        return newest, found

    def walk(self, stream: int, from_at: int, to_at: int, volumes: frozenset[int]) -> Iterator[Stored]:
        """Yield the files of a stream that lie wholly in [from_at, to_at), by start; only those on `volumes`."""
        on = ",".join(str(int(no)) for no in volumes)
        after, after_no, limit = from_at, -1, 1  # mostly only the oldest is looked at
        while True:
            rows = self._db.execute(
                f"SELECT no, id, volume, start_us, {_END}, size_bytes, hash FROM segment INDEXED BY segment_by_time"
                f" WHERE stream = ? AND start_us >= ? AND start_us < ? AND {_END} <= ? AND volume IN ({on})"
                " AND (start_us > ? OR no > ?) ORDER BY start_us, no LIMIT ?",
                (stream, after, to_at, to_at, after, after_no, limit),
            ).fetchall()
            for no, own, volume, start, end, size, content in rows:
                yield Stored(
                    no,
                    SegmentId(id_text("seg", own)),
                    stream,
                    volume,
                    Utc(start),
                    Utc(end),
                    size,
                    (content or b"").hex(),
                )
            if len(rows) < limit:
                return
            limit = _CHUNK
            after, after_no = rows[-1][3], rows[-1][0]

    def load_oldest(self, volumes: frozenset[int]) -> Utc | None:
        """Return the start of the oldest file on `volumes`."""
        on = ",".join(str(int(no)) for no in volumes)
        row = self._db.execute(
            "SELECT min((SELECT s.start_us FROM segment s WHERE s.stream = t.no"
            f" AND s.volume IN ({on}) ORDER BY s.start_us LIMIT 1)) FROM stream t"
        ).fetchone()
        return Utc(row[0]) if row[0] is not None else None

    def load_used(self) -> Mapping[int, tuple[int, int]]:
        """Return files and bytes of the rows of each volume, by number."""
        return {no: (files, size) for no, files, size in self._db.execute("SELECT no, files, size_bytes FROM volume")}

    def count_held_bytes(self, holds: Mapping[str, Sequence[Span]]) -> dict[int, int]:
        """Return about how many bytes of each volume are held: files that touch a hold, at the size that files there have on average."""
        held: dict[int, int] = {}
        for row in self.load_streams():
            for span in holds.get(row.key.camera, ()):
                for volume, files in self._db.execute(
                    "SELECT volume, count(*) FROM segment INDEXED BY segment_by_time WHERE stream = ? AND start_us >= ?"
                    f" AND start_us < ? AND {_END} > ? GROUP BY volume",
                    (row.no, self._first_start(row.no, span.from_at), span.to_at, span.from_at),
                ):
                    held[volume] = held.get(volume, 0) + files
        used = self.load_used()
        return {volume: files * used[volume][1] // max(1, used[volume][0]) for volume, files in held.items()}

    def _first_start(self, stream: int, at: int) -> int:
        row = self._db.execute(
            "SELECT start_us FROM segment WHERE stream = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
            (stream, at),
        ).fetchone()
        return int(row[0]) if row is not None else at

    def load_between(self, stream: int, from_at: int, to_at: int) -> list[Span]:
        """Return the times of the files of a stream that begin in [from_at, to_at)."""
        rows = self._db.execute(
            f"SELECT start_us, {_END} FROM segment WHERE stream = ? AND start_us >= ? AND start_us < ? ORDER BY start_us",
            (stream, from_at, to_at),
        )
        return [Span(Utc(start), Utc(end)) for start, end in rows]

    # -- P5 -----------------------------------------------------------------------------------------------------------

    def doom(self, files: Sequence[Stored]) -> None:
        """P5.1: rows become garbage rows. files: of one stream, by start."""
        db = self._db
        for file in files:
            (shape,) = db.execute("DELETE FROM segment WHERE no = ? RETURNING shape", (file.no,)).fetchone()
            db.execute("UPDATE shape SET files = files - 1 WHERE no = ?", (shape,))
            db.execute("DELETE FROM shape WHERE no = ? AND files <= 0", (shape,))
            db.execute(
                "UPDATE volume SET files = files - 1, size_bytes = size_bytes - ? WHERE no = ?",
                (file.size_bytes, file.volume),
            )
            db.execute(
                "INSERT OR IGNORE INTO garbage (id, stream, volume, start_us) VALUES (?,?,?,?)",
                (id_bytes(file.id), file.stream, file.volume, file.start_at),
            )

    def note_deleted(self, stream: int, from_us: int, to_us: int) -> None:
        """Have one gap `retention` for all that is deleted between two recordings that are there; what was noted inside it goes.

        [from_us, to_us) was recorded without anything left between, and has no rows any more.
        """
        db, reason = self._db, GapReason.RETENTION.value
        before = db.execute(
            f"SELECT {_END} FROM segment WHERE stream = ? AND start_us < ? ORDER BY start_us DESC LIMIT 1",
            (stream, from_us),
        ).fetchone()
        after = db.execute(
            "SELECT start_us FROM segment WHERE stream = ? AND start_us >= ? ORDER BY start_us LIMIT 1",
            (stream, from_us),
        ).fetchone()
        since, until = before[0] if before else -FOREVER, after[0] if after else FOREVER
        first, last = db.execute(
            "SELECT min(from_us), max(to_us) FROM gap WHERE stream = ? AND reason = ? AND from_us >= ? AND to_us <= ?",
            (stream, reason, since, until),
        ).fetchone()
        from_us, to_us = min(from_us, first or from_us), max(to_us, last or to_us)
        db.execute("DELETE FROM gap WHERE stream = ? AND from_us >= ? AND to_us <= ?", (stream, from_us, to_us))
        db.execute(
            "UPDATE gap SET to_us = ? WHERE stream = ? AND from_us < ? AND to_us > ?",
            (from_us, stream, from_us, from_us),
        )
        db.execute(
            "UPDATE gap SET from_us = ? WHERE stream = ? AND from_us >= ? AND from_us < ? AND coalesce(to_us, ?) > ?",
            (to_us, stream, from_us, to_us, FOREVER, to_us),
        )
        db.execute(
            "INSERT INTO gap (stream, from_us, to_us, reason) VALUES (?,?,?,?)", (stream, from_us, to_us, reason)
        )

    def load_garbage(self, limit: int, volumes: frozenset[int]) -> list[Garbage]:
        on = ",".join(str(int(no)) for no in volumes)
        rows = self._db.execute(
            "SELECT g.id, t.camera, t.profile, g.volume, g.start_us FROM garbage g JOIN stream t ON t.no = g.stream"
            f" WHERE g.volume IN ({on}) LIMIT ?",
            (limit,),
        ).fetchall()
        return [
            Garbage(SegmentId(id_text("seg", own)), StreamKey(CameraId(camera), Profile(profile)), volume, Utc(start))
            for own, camera, profile, volume, start in rows
        ]

    def drop_garbage(self, garbage: Sequence[Garbage]) -> None:
        """P5.4."""
        self._db.executemany("DELETE FROM garbage WHERE id = ?", [(id_bytes(one.id),) for one in garbage])

    # -- proofs -------------------------------------------------------------------------------------------------------

    def save_proof(self, proof: DeletedRange) -> None:
        self._db.execute("INSERT INTO proof (body) VALUES (?)", (msgspec.json.encode(proof),))

    def load_proofs(self, limit: int) -> list[tuple[int, DeletedRange]]:
        """Return the oldest proofs that control has not, with their numbers."""
        rows = self._db.execute("SELECT no, body FROM proof ORDER BY no LIMIT ?", (limit,)).fetchall()
        return [(no, _proof.decode(body)) for no, body in rows]

    def drop_proofs(self, numbers: Sequence[int]) -> None:
        self._db.executemany("DELETE FROM proof WHERE no = ?", [(no,) for no in numbers])
