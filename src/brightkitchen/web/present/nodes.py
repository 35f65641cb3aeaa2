"""Media nodes and their volumes, as they leave the server."""

from typing import Literal

from brightkitchen.domain.recording.nodes import NodeView, forecast, kept_days
from brightkitchen.kernel.recordingplan import USUAL_DAYS, VolumeState
from brightkitchen.kernel.units import Utc, format_utc
from brightkitchen.web.present.base import Instant, Out, present_instant


class ForecastOut(Out):
    """rate_bps: of the last day. lasts_days: how far back recordings will go. full_in_s: until the first is deleted for want of room; None: never."""

    rate_bps: int
    lasts_days: float
    full_in_s: int | None


class VolumeOut(Out):
    """quota_bytes 0: all that the disk has. kept_days: how far back its recordings go now. forecast None: not measured for long enough."""

    name: str
    state: Literal["ok", "filling", "full", "failing", "missing"]
    total_bytes: int
    free_bytes: int
    used_bytes: int
    quota_bytes: int
    held_bytes: int
    oldest_at: str | None
    kept_days: float | None
    forecast: ForecastOut | None


class VitalsOut(Out):
    """cpu_percent: of one core, with the node's decoders."""

    version: str
    started_at: Instant
    cpu_percent: float
    memory_bytes: int
    host_cores: int
    host_used_percent: float
    host_memory_bytes: int
    host_memory_free_bytes: int


class NodeCountsOut(Out):
    """missing: streams, as `GET /recording/alarms?open=true&node=…` lists them. resting: by plan."""

    assigned: int
    recording: int
    resting: int
    missing: int


class AskedDaysOut(Out):
    """For how long recordings are to be kept, by the rules of the node's cameras."""

    least: int
    most: int


class MediaNodeOut(Out):
    """state: "away": control does not hear it; "new": not since control began. since_at: since when. url: where viewers reach it, "" while it is away.

    vitals: what it said last, also while it is away.
    """

    id: str
    state: Literal["connected", "away", "new"]
    since_at: Instant
    url: str
    vitals: VitalsOut | None
    counts: NodeCountsOut
    asked_days: AskedDaysOut | None
    volumes: list[VolumeOut]


class MediaNodeListOut(Out):
    items: list[MediaNodeOut]


def present_node(view: NodeView, *, url: str, now: Utc) -> MediaNodeOut:
    """url: where viewers reach it, "" while it is away."""
    standing, vitals = view.standing, view.standing.vitals
    most_days = view.asked_days[1] if view.asked_days else USUAL_DAYS
    return MediaNodeOut(
        id=view.node,
        state="connected" if standing.is_connected else "away" if standing.has_come else "new",
        since_at=format_utc(standing.since_at),
        url=url,
        vitals=VitalsOut(
            version=vitals.version,
            started_at=format_utc(vitals.started_at),
            cpu_percent=vitals.cpu_percent,
            memory_bytes=vitals.memory_bytes,
            host_cores=vitals.host_cores,
            host_used_percent=vitals.host_used_percent,
            host_memory_bytes=vitals.host_memory_bytes,
            host_memory_free_bytes=vitals.host_memory_free_bytes,
        )
        if vitals
        else None,
        counts=NodeCountsOut(
            assigned=view.counts.assigned,
            recording=view.counts.recording,
            resting=view.counts.resting,
            missing=view.counts.missing,
        ),
        asked_days=AskedDaysOut(least=view.asked_days[0], most=view.asked_days[1]) if view.asked_days else None,
        volumes=[_present_volume(volume, most_days, now) for volume in view.volumes],
    )


def _present_volume(volume: VolumeState, keep_days: int, now: Utc) -> VolumeOut:
    found, kept = forecast(volume, keep_days), kept_days(volume, now)
    return VolumeOut(
        name=volume.name,
        state=volume.state,
        total_bytes=volume.total_bytes,
        free_bytes=volume.free_bytes,
        used_bytes=volume.used_bytes,
        quota_bytes=volume.quota_bytes,
        held_bytes=volume.held_bytes,
        oldest_at=present_instant(volume.oldest_at),
        kept_days=None if kept is None else round(kept, 1),
        forecast=ForecastOut(rate_bps=found.rate_bps, lasts_days=round(found.lasts_days, 1), full_in_s=found.full_in_s)
        if found
        else None,
    )
