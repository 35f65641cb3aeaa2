"""The index's tables, and the way from each older version to this one. A store of a newer version is refused."""

import sqlite3
import struct
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import SegmentId, id_bytes
from brightkitchen.media.store.layout import pack_fragments
from brightkitchen.media.store.model import Fragment

SCHEMA_VERSION: Final = 2
OWN_VOLUME: Final = 1

_TABLES: Final = """
CREATE TABLE stream (
  no INTEGER PRIMARY KEY,
  camera TEXT NOT NULL,
  profile TEXT NOT NULL CHECK (profile IN ('main', 'sub')),
  keep_days INTEGER NOT NULL DEFAULT 30,                -- as its plan said last; stays when control lists the camera no more
  plan_version INTEGER NOT NULL DEFAULT 0,
  UNIQUE (camera, profile)
);
CREATE TABLE volume (
  no INTEGER PRIMARY KEY,                               -- 1: the store's own folder
  label TEXT NOT NULL UNIQUE,                           -- random, also in the volume's own label file; '' for the store's own folder
  name TEXT NOT NULL,                                   -- as the operator calls it
  files INTEGER NOT NULL DEFAULT 0,                     -- of the rows below
  size_bytes INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE shape (                                    -- what the files of one connection have in common
  no INTEGER PRIMARY KEY,
  run TEXT NOT NULL,                                    -- the camera connection
  init_bytes INTEGER NOT NULL CHECK (init_bytes > 0),   -- ftyp moov
  video_codec TEXT NOT NULL,                            -- RFC 6381
  audio_codec TEXT NOT NULL,                            -- '' = no sound
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  files INTEGER NOT NULL DEFAULT 0,                     -- rows below; gone with the last of them
  UNIQUE (run, init_bytes, video_codec, audio_codec, width_px, height_px)
);
CREATE TABLE segment (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 10),      -- the ten bytes of its id
  stream INTEGER NOT NULL REFERENCES stream (no),
  volume INTEGER NOT NULL REFERENCES volume (no),
  shape INTEGER NOT NULL REFERENCES shape (no),
  start_us INTEGER NOT NULL,                            -- UTC of tick 0 of the file
  duration_ticks INTEGER NOT NULL CHECK (duration_ticks >= 0),  -- 90 kHz
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  frames INTEGER NOT NULL,
  end_reason TEXT NOT NULL,
  hash BLOB CHECK (length(hash) = 16),                  -- XXH3-128 of the file; NULL: not read yet (found by P4, or older than version 2)
  fragments BLOB NOT NULL                               -- layout.pack_fragments
);
CREATE INDEX segment_by_time ON segment (stream, start_us, duration_ticks, volume);  -- all that a timeline reads
CREATE INDEX segment_unread ON segment (no) WHERE hash IS NULL;
CREATE TABLE hold (
  id TEXT PRIMARY KEY,
  camera TEXT NOT NULL,
  from_us INTEGER NOT NULL,
  to_us INTEGER                                         -- NULL: until it is released
) WITHOUT ROWID;
CREATE TABLE garbage (                                  -- P5: files without a row that are still there
  id BLOB PRIMARY KEY,
  stream INTEGER NOT NULL REFERENCES stream (no),
  volume INTEGER NOT NULL REFERENCES volume (no),
  start_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE proof (                                    -- of deletions, until control has them
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  body BLOB NOT NULL                                    -- kernel.recordingplan.DeletedRange, JSON
);
CREATE TABLE note (                                     -- single values, by name
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO volume (no, label, name) VALUES (1, '', 'store');
"""

_GAPS: Final = """
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

_FRAGMENT_V1: Final = struct.Struct("<IIIIIHB")


def migrate(db: sqlite3.Connection) -> None:
    """Make the tables, or what an older version made, those of this version; all or nothing.

    raises: BrightKitchenError(CONFLICT, "store.newer") for a newer version's file.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise BrightKitchenError(Kind.CONFLICT, "store.newer", found=version, known=SCHEMA_VERSION)
    if version == SCHEMA_VERSION:
        return
    db.execute("PRAGMA foreign_keys=OFF")  # the tables are exchanged under their names
    db.execute("BEGIN EXCLUSIVE")
    try:
        if version == 0:
            _execute_all(db, _TABLES + _GAPS)
        else:
            _from_version_1(db)
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    finally:
        db.execute("PRAGMA foreign_keys=ON")


def _execute_all(db: sqlite3.Connection, script: str) -> None:
    """`executescript` would commit what was begun."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


def _from_version_1(db: sqlite3.Connection) -> None:
    """Version 1 had texts in each row, fragments apart and as they are, and knew nothing of deleting."""
    for table in ("stream", "segment", "fragment_index"):
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_1")
    db.execute("DROP INDEX segment_by_time")
    _execute_all(db, _TABLES)
    db.execute("INSERT INTO stream (no, camera, profile) SELECT no, camera, profile FROM stream_1")
    db.execute(
        "INSERT INTO shape (run, init_bytes, video_codec, audio_codec, width_px, height_px, files)"
        " SELECT run, init_bytes, video_codec, audio_codec, width_px, height_px, count(*) FROM segment_1"
        " GROUP BY 1, 2, 3, 4, 5, 6"
    )
    rows = db.execute(
        "SELECT s.no, s.id, s.stream, h.no, s.start_us, s.duration_ticks, s.size_bytes, s.frames, s.end_reason, f.rows"
        " FROM segment_1 s JOIN fragment_index_1 f ON f.segment = s.no JOIN shape h USING"
        " (run, init_bytes, video_codec, audio_codec, width_px, height_px)"
    )
    for no, segment, stream, shape, *values, fragments in rows:
        db.execute(
            "INSERT INTO segment (no, id, stream, volume, shape, start_us, duration_ticks, size_bytes, frames, end_reason,"
            " fragments) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (no, id_bytes(SegmentId(segment)), stream, OWN_VOLUME, shape, *values, _repack(fragments)),
        )
    db.execute(
        "UPDATE volume SET files = (SELECT count(*) FROM segment),"
        " size_bytes = (SELECT coalesce(sum(size_bytes), 0) FROM segment)"
    )
    db.execute("ALTER TABLE gap RENAME TO gap_1")
    db.execute("DROP INDEX gap_by_time")
    db.execute("DROP INDEX gap_open")
    _execute_all(db, _GAPS)
    db.execute("INSERT INTO gap SELECT * FROM gap_1")
    for table in ("fragment_index_1", "segment_1", "gap_1", "stream_1"):
        db.execute(f"DROP TABLE {table}")


def _repack(blob: bytes) -> bytes:
    return pack_fragments(
        [
            Fragment(start, duration, offset, video, audio, frames, bool(key))
            for start, duration, offset, video, audio, frames, key in _FRAGMENT_V1.iter_unpack(blob)
        ]
    )
