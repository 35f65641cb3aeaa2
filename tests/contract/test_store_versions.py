"""An index of every older version becomes one of this version and answers as before."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from tests.media_synthetic import START_AT, key_of

from brightkitchen.kernel.ids import Profile, SegmentId
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.model import EndReason, Fragment, Gap, SegmentInfo, Span

_VERSION_1 = """
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
  run TEXT NOT NULL,
  start_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL CHECK (duration_us >= 0),
  duration_ticks INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  init_bytes INTEGER NOT NULL CHECK (init_bytes > 0),
  frames INTEGER NOT NULL,
  video_codec TEXT NOT NULL,
  audio_codec TEXT NOT NULL,
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  end_reason TEXT NOT NULL
);
CREATE INDEX segment_by_time ON segment (stream, start_us, duration_us);
CREATE TABLE fragment_index (
  segment INTEGER PRIMARY KEY REFERENCES segment (no),
  rows BLOB NOT NULL
);
CREATE TABLE gap (
  no INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL REFERENCES stream (no),
  from_us INTEGER NOT NULL,
  to_us INTEGER,
  reason TEXT NOT NULL
);
CREATE INDEX gap_by_time ON gap (stream, from_us);
CREATE UNIQUE INDEX gap_open ON gap (stream) WHERE to_us IS NULL;
PRAGMA user_version=1;
"""

_ROW = struct.Struct("<IIIIIHB")
_MAIN, _SUB = key_of(1), key_of(1, Profile.SUB)
_FIRST = SegmentId("seg_0000000000000001")
_SECOND = SegmentId("seg_zzzzzzzzzzzzzzzz")
_FRAGMENTS = (Fragment(0, 90_000, 1500, 2000, 0, 25, True), Fragment(90_090, 90_000, 3500, 1000, 300, 25, False))


def write_version_1(path: Path) -> None:
    """Two streams (one without a file), two files of one run and one of another, a closed gap and one that lasts."""
    packed = b"".join(
        _ROW.pack(f.start_ticks, f.duration_ticks, f.offset, f.video_bytes, f.audio_bytes, f.frames, f.is_key)
        for f in _FRAGMENTS
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(_VERSION_1)
        db.execute("PRAGMA foreign_keys=ON")
        db.executemany(
            "INSERT INTO stream VALUES (?, ?, ?)",
            [(3, _MAIN.camera, "main"), (9, _SUB.camera, "sub"), (10, "cam_x", "sub")],
        )
        third = "seg_0000000000000003"
        for no, name, stream, run, minute in (
            (7, _FIRST, 3, "run_1", 0),
            (8, _SECOND, 3, "run_1", 1),
            (12, third, 9, "run_2", 0),
        ):
            at = START_AT + minute * 60_000_000
            db.execute(
                "INSERT INTO segment VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (no, name, stream, run, at, 2_001_000, 180_090, 4800, 1500, 50, "avc1.640028", "", 1920, 1080, "full"),
            )
            db.execute("INSERT INTO fragment_index VALUES (?, ?)", (no, packed))
        db.execute("INSERT INTO gap VALUES (1, 3, ?, ?, 'ended')", (START_AT + 2_001_000, START_AT + 60_000_000))
        db.execute("INSERT INTO gap VALUES (2, 3, ?, NULL, 'node_stopped')", (START_AT + 62_001_000,))


def schema_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        return [(name, " ".join(sql.split())) for name, sql in rows if not name.startswith("sqlite_")]


def test_index_of_version_1_answers_as_before(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    write_version_1(path)
    with closing(Index(path)) as index:
        assert index.load_segment(_SECOND) == SegmentInfo(
            id=_SECOND,
            key=_MAIN,
            run="run_1",
            start_at=Utc(START_AT + 60_000_000),
            duration_ticks=180_090,
            size_bytes=4800,
            init_bytes=1500,
            frames=50,
            video_codec="avc1.640028",
            audio_codec="",
            width_px=1920,
            height_px=1080,
            is_open=False,
            end_reason=EndReason.FULL,
        )
        assert index.load_fragments(_FIRST) == _FRAGMENTS
        spans = [span for span, _ in index.load_spans(_MAIN, START_AT, Utc(START_AT * 2))]
        assert spans == [
            Span(START_AT, Utc(START_AT + 2_001_000)),
            Span(Utc(START_AT + 60_000_000), Utc(START_AT + 62_001_000)),
        ]
        assert len(index.load_segments(_SUB, START_AT, Utc(START_AT + 1))) == 1
        until = Utc(START_AT + 70_000_000)
        assert index.load_gaps(_MAIN, START_AT, until) == [
            Gap(Utc(START_AT + 2_001_000), Utc(START_AT + 60_000_000), "ended"),
            Gap(Utc(START_AT + 62_001_000), until, "node_stopped"),
        ]
        with index.transaction():  # the numbers it goes on with are sound
            index.save_gap_end(_MAIN, until)
            index.save_gap_start(_SUB, until, "ended")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT files, size_bytes FROM volume").fetchall() == [(3, 14_400)]
        assert db.execute("SELECT run, files FROM shape ORDER BY run").fetchall() == [("run_1", 2), ("run_2", 1)]


def test_index_of_version_1_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    write_version_1(tmp_path / "old.sqlite3")
    for name in ("old.sqlite3", "new.sqlite3"):
        Index(tmp_path / name).close()
    assert schema_of(tmp_path / "old.sqlite3") == schema_of(tmp_path / "new.sqlite3")


def test_change_of_version_that_dies_leaves_version_1(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    write_version_1(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "UPDATE fragment_index SET rows = x'01' WHERE segment = 12"
        )  # cannot be unpacked: fails near the end
        db.commit()
    before = schema_of(path)
    for _ in range(2):
        try:
            Index(path).close()
        except struct.error:
            continue
        raise AssertionError("a damaged row was taken")
    assert schema_of(path) == before
