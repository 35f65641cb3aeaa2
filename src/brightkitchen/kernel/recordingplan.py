"""How a camera is to be recorded, what may not be deleted, and what was: the words that control and media nodes share.

docs/design/recording-plan.md says who decides what. Instants are microseconds UTC, [from_at, to_at).
"""

from typing import Annotated, Final, Literal

import msgspec

from brightkitchen.kernel.units import Utc

FLOOR_DAYS: Final = 7
"""No recording is deleted by age before (DOMAIN.md R-VID-9), whatever a plan says."""
USUAL_DAYS: Final = 30
MOST_DAYS: Final = 90
"""Longer than this only by a hold (SECURITY.md P5)."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time."""

    from_at: Utc
    to_at: Utc


class RecordingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one camera is recorded.

    version:      of the plan; told with every deletion, so that it can be proven by which rule it was made.
    keep_days:    how long recordings stay; the node never takes less than FLOOR_DAYS.
    record:       which streams are recorded: any of "main", "sub".
    quiet:        when `quiet_record` holds instead, by start and apart; control tells about a week ahead. What lies behind the last
                  window is recorded as `record` says: who does not know any better records.
    quiet_record: as `record`.
    """

    version: int = 0
    keep_days: Annotated[int, msgspec.Meta(ge=FLOOR_DAYS, le=MOST_DAYS)] = USUAL_DAYS
    record: tuple[str, ...] = ("main",)
    quiet: tuple[Window, ...] = ()
    quiet_record: tuple[str, ...] = ()

    def recorded_at(self, at: Utc) -> tuple[str, ...]:
        """Return which streams are to be recorded at an instant."""
        is_quiet = any(window.from_at <= at < window.to_at for window in self.quiet)
        return self.quiet_record if is_quiet else self.record


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing of this camera in [from_at, to_at) is deleted while the hold stands, whatever its age and however full the disk.

    to_at None: until it is released.
    """

    id: str
    camera: str
    from_at: Utc
    to_at: Utc | None = None


class DeletedRange(msgspec.Struct, frozen=True, kw_only=True):
    """A proof of deletion: whole files of one stream that lay next to each other and are gone.

    id:     random, so that a report sent twice counts once.
    why:    "age": older than the plan keeps; "quota", "full": the volume had no room; "purge": somebody with the right said so.
    digest: SHA-256, hex, over one line "<segment id> <size> <content hash>\\n" for each file, by start.
    spared: how many files between were kept, because they are held.
    """

    id: str
    camera: str
    profile: Literal["main", "sub"]
    from_at: Utc
    to_at: Utc
    files: Annotated[int, msgspec.Meta(ge=1)]
    size_bytes: Annotated[int, msgspec.Meta(ge=0)]
    digest: str
    why: Literal["age", "quota", "full", "purge"]
    plan_version: int
    spared: Annotated[int, msgspec.Meta(ge=0)] = 0
    deleted_at: Utc = Utc(0)


class VolumeState(msgspec.Struct, frozen=True, kw_only=True):
    """One place that a node records to, as it is now.

    name:   as the operator calls it; never a path.
    state:  "ok"; "filling": less than the reserve is free and the oldest is being deleted; "full": nothing deletable is left;
            "failing": writes are refused; "missing": it is not there, or another volume is mounted in its place.
    oldest_at: start of the oldest recording on it.
    room_bytes: what can still be written before the oldest is deleted to make room.
    written_bytes: what was recorded to it in the `written_s` before now, a day at most; 0 s: nothing yet.
    """

    name: str
    state: Literal["ok", "filling", "full", "failing", "missing"]
    total_bytes: int = 0
    free_bytes: int = 0
    used_bytes: int = 0
    quota_bytes: int = 0
    held_bytes: int = 0
    oldest_at: Utc | None = None
    room_bytes: int = 0
    written_bytes: int = 0
    written_s: int = 0
