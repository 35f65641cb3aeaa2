"""The index beside the files: SQLite, one writer, any number of readers. Procedures: docs/design/storage.md.

The writing connection belongs to the index thread alone (before that, to start-up). A commit is durable when it returns
(`synchronous=FULL`), because P3 renames a file only after its row can no longer be lost.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey
from brightkitchen.kernel.units import Utc, ticks_to_us
from brightkitchen.media.store.layout import pack_fragments, unpack_fragments
from brightkitchen.media.store.model import EndReason, Fragment, Gap, SegmentInfo, Span

SCHEMA_VERSION: Final = 1
_BUSY_TIMEOUT_S: Final = 5.0

_SCHEMA: Final = """
CREATE TABLE stream (
  no INTEGER PRIMARY KEY,
  camera TEXT NOT NULL,
  profile TEXT NOT NULL CHECK (profile IN ('main', 'sub')),
  UNIQUE (camera, profile)
);
CREATE TABLE segment (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  stream INTEGER NOT NULL REFERENCES stream (no),
  run TEXT NOT NULL,                                    -- the camera connection it was recorded in
  start_us INTEGER NOT NULL,                            -- UTC of tick 0 of the file
  duration_us INTEGER NOT NULL CHECK (duration_us >= 0),
  duration_ticks INTEGER NOT NULL,                      -- 90 kHz
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  init_bytes INTEGER NOT NULL CHECK (init_bytes > 0),   -- ftyp moov
  frames INTEGER NOT NULL,
  video_codec TEXT NOT NULL,                            -- RFC 6381
  audio_codec TEXT NOT NULL,                            -- '' = no sound
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  end_reason TEXT NOT NULL
);
CREATE INDEX segment_by_time ON segment (stream, start_us, duration_us);
CREATE TABLE fragment_index (                           -- apart, so that a day's timeline does not read it
  segment INTEGER PRIMARY KEY REFERENCES segment (no),
  rows BLOB NOT NULL                                    -- layout.pack_fragments
);
CREATE TABLE gap (
  no INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL REFERENCES stream (no),
  from_us INTEGER NOT NULL,
  to_us INTEGER,                                        -- NULL: lasts
  reason TEXT NOT NULL
);
CREATE INDEX gap_by_time ON gap (stream, from_us);
CREATE UNIQUE INDEX gap_open ON gap (stream) WHERE to_us IS NULL;
"""

_SEGMENT: Final = """SELECT s.id, t.camera, t.profile, s.run, s.start_us, s.duration_ticks, s.size_bytes, s.init_bytes,
  s.frames, s.video_codec, s.audio_codec, s.width_px, s.height_px, s.end_reason
  FROM segment s JOIN stream t ON t.no = s.stream """


class Index:
    """Rows of segments and gaps of one store."""

    def __init__(self, path: Path) -> None:
        """Open or create the index. raises: BrightKitchenError(CONFLICT, "store.newer") for a newer version's file."""
        self._path = path
        self._writer = self._connect()
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._streams: dict[StreamKey, int] = {}
        self._migrate()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _migrate(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            self._writer.close()
            raise BrightKitchenError(Kind.CONFLICT, "store.newer", found=version, known=SCHEMA_VERSION)
        if version == 0:
            self._writer.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Close every connection; nobody may be asking any more."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        self._writer.close()

    # -- writing: the index thread only ------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when the block was left without an exception."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            self._streams.clear()
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    def save_segment(self, info: SegmentInfo, fragments: tuple[Fragment, ...]) -> None:
        """Insert a closed segment; the same id again changes nothing. Inside `transaction`."""
        assert info.end_reason is not None
        cursor = self._writer.execute(
            "INSERT INTO segment (id, stream, run, start_us, duration_us, duration_ticks, size_bytes, init_bytes, frames,"
            " video_codec, audio_codec, width_px, height_px, end_reason) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
            " ON CONFLICT (id) DO NOTHING",
            (
                info.id,
                self._stream_no(info.key),
                info.run,
                info.start_at,
                ticks_to_us(info.duration_ticks),
                info.duration_ticks,
                info.size_bytes,
                info.init_bytes,
                info.frames,
                info.video_codec,
                info.audio_codec,
                info.width_px,
                info.height_px,
                info.end_reason.value,
            ),
        )
        if cursor.rowcount == 1:
            self._writer.execute(
                "INSERT INTO fragment_index (segment, rows) VALUES (?, ?)",
                (cursor.lastrowid, pack_fragments(fragments)),
            )

    def save_gap_start(self, key: StreamKey, at: Utc, reason: str) -> None:
        """Nothing is recorded from `at` on, because of `reason`; ends a lasting gap of another reason there."""
        stream = self._stream_no(key)
        self._writer.execute(
            "UPDATE gap SET to_us = ? WHERE stream = ? AND to_us IS NULL AND reason <> ?", (at, stream, reason)
        )
        self._writer.execute(
            "INSERT INTO gap (stream, from_us, reason) SELECT ?, ?, ?"
            " WHERE NOT EXISTS (SELECT 1 FROM gap WHERE stream = ? AND to_us IS NULL)",
            (stream, at, reason, stream),
        )
        self._drop_empty_gaps(stream)

    def save_gap_end(self, key: StreamKey, at: Utc) -> None:
        """Recorded again from `at` on."""
        stream = self._stream_no(key)
        self._writer.execute("UPDATE gap SET to_us = ? WHERE stream = ? AND to_us IS NULL", (at, stream))
        self._drop_empty_gaps(stream)

    def _drop_empty_gaps(self, stream: int) -> None:
        self._writer.execute("DELETE FROM gap WHERE stream = ? AND to_us <= from_us", (stream,))

    def _stream_no(self, key: StreamKey) -> int:
        number = self._streams.get(key)
        if number is None:
            self._writer.execute(
                "INSERT INTO stream (camera, profile) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (key.camera, key.profile.value),
            )
            row = self._writer.execute(
                "SELECT no FROM stream WHERE camera = ? AND profile = ?", (key.camera, key.profile.value)
            ).fetchone()
            number = self._streams[key] = int(row[0])
        return number

    # -- reading: any thread ------------------------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.append(connection)

    def load_segment(self, segment_id: SegmentId) -> SegmentInfo | None:
        with self._reader() as db:
            row = db.execute(_SEGMENT + "WHERE s.id = ?", (segment_id,)).fetchone()
        return _segment(row) if row is not None else None

    def load_fragments(self, segment_id: SegmentId) -> tuple[Fragment, ...] | None:
        with self._reader() as db:
            row = db.execute(
                "SELECT f.rows FROM fragment_index f JOIN segment s ON s.no = f.segment WHERE s.id = ?", (segment_id,)
            ).fetchone()
        return unpack_fragments(row[0]) if row is not None else None

    def load_segments(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[SegmentInfo]:
        """Return the closed segments that touch [from_at, to_at), by start."""
        with self._reader() as db:
            stream = _find_stream(db, key)
            rows = db.execute(
                _SEGMENT
                + "WHERE s.stream = ? AND s.start_us >= ? AND s.start_us < ? AND s.start_us + s.duration_us > ?"
                " ORDER BY s.start_us, s.no",
                (stream, _first_start(db, stream, from_at), to_at, from_at),
            ).fetchall()
        return [_segment(row) for row in rows]

    def load_spans(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[Span]:
        """Return the times of the closed segments that touch [from_at, to_at), by start, not joined."""
        with self._reader() as db:
            stream = _find_stream(db, key)
            rows = db.execute(
                "SELECT start_us, start_us + duration_us FROM segment INDEXED BY segment_by_time"
                " WHERE stream = ? AND start_us >= ? AND start_us < ? AND start_us + duration_us > ? ORDER BY start_us",
                (stream, _first_start(db, stream, from_at), to_at, from_at),
            ).fetchall()
        return [Span(Utc(start), Utc(end)) for start, end in rows]

    def load_last_before(self, key: StreamKey, at: Utc) -> SegmentInfo | None:
        """Return the closed segment with the latest start that is not after `at`."""
        with self._reader() as db:
            row = db.execute(
                _SEGMENT + "WHERE s.stream = ? AND s.start_us <= ? ORDER BY s.start_us DESC, s.no DESC LIMIT 1",
                (_find_stream(db, key), at),
            ).fetchone()
        return _segment(row) if row is not None else None

    def load_bounds(self, key: StreamKey) -> Span | None:
        """Return the first start and the last end of all closed segments of the stream."""
        with self._reader() as db:
            stream = _find_stream(db, key)
            first = db.execute(
                "SELECT start_us FROM segment WHERE stream = ? ORDER BY start_us LIMIT 1", (stream,)
            ).fetchone()
            last = db.execute(
                "SELECT start_us + duration_us FROM segment WHERE stream = ? ORDER BY start_us DESC LIMIT 1", (stream,)
            ).fetchone()
        return Span(Utc(first[0]), Utc(last[0])) if first is not None else None

    def load_gaps(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[Gap]:
        """Return the noted gaps that touch [from_at, to_at), by start; one that lasts ends at `to_at`."""
        with self._reader() as db:
            rows = db.execute(
                "SELECT from_us, coalesce(to_us, ?), reason FROM gap WHERE stream = ? AND from_us < ?"
                " AND coalesce(to_us, ?) > ? ORDER BY from_us",
                (to_at, _find_stream(db, key), to_at, to_at, from_at),
            ).fetchall()
        return [Gap(Utc(start), Utc(end), reason) for start, end, reason in rows]

    def load_unclosed(self) -> list[tuple[StreamKey, Utc]]:
        """Return the streams without a lasting gap and where their recording ends. For start-up (P4)."""
        with self._reader() as db:
            rows = db.execute(
                "SELECT t.camera, t.profile, (SELECT s.start_us + s.duration_us FROM segment s WHERE s.stream = t.no"
                " ORDER BY s.start_us DESC LIMIT 1) AS last_us FROM stream t WHERE last_us IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM gap g WHERE g.stream = t.no AND g.to_us IS NULL)"
            ).fetchall()
        return [(StreamKey(CameraId(camera), Profile(profile)), Utc(last)) for camera, profile, last in rows]


def _find_stream(db: sqlite3.Connection, key: StreamKey) -> int:
    row = db.execute(
        "SELECT no FROM stream WHERE camera = ? AND profile = ?", (key.camera, key.profile.value)
    ).fetchone()
    return int(row[0]) if row is not None else -1


def _first_start(db: sqlite3.Connection, stream: int, from_at: Utc) -> int:
    """Segments hardly overlap, so the first that can reach into the range is the last that starts before it."""
    row = db.execute(
        "SELECT start_us FROM segment WHERE stream = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
        (stream, from_at),
    ).fetchone()
    return int(row[0]) if row is not None else from_at


def _segment(row: tuple[str, str, str, str, int, int, int, int, int, str, str, int, int, str]) -> SegmentInfo:
    return SegmentInfo(
        id=SegmentId(row[0]),
        key=StreamKey(CameraId(row[1]), Profile(row[2])),
        run=row[3],
        start_at=Utc(row[4]),
        duration_ticks=row[5],
        size_bytes=row[6],
        init_bytes=row[7],
        frames=row[8],
        video_codec=row[9],
        audio_codec=row[10],
        width_px=row[11],
        height_px=row[12],
        is_open=False,
        end_reason=EndReason(row[13]),
    )
