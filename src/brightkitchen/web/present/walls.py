"""Saved walls, as they leave and enter the server."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from brightkitchen.domain.walls.model import (
    MAX_DWELL_S,
    MIN_DWELL_S,
    Rotation,
    SeenWall,
    WallChange,
    WallDraft,
)
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.params import write_etag
from brightkitchen.web.present.base import In, Instant, Out

Layout = Literal[1, 4, 6, 9, 16]
RiskName = Literal["", "A", "B", "C", "D"]
MAX_PLACES: Final = 16
WallName = Annotated[str, StringConstraints(max_length=100)]
PlaceId = Annotated[str, StringConstraints(pattern=r"^(cam_[0-9a-hjkmnp-tv-z]{16})?$")]
PlacesIn = Annotated[list[PlaceId], Field(max_length=MAX_PLACES)]


class RotationOut(Out):
    """As `GET /cameras` is narrowed: region, category, risk = grade, must_zones_only = must_zones; "" = not narrowed."""

    region: str
    category: str
    risk: RiskName
    must_zones_only: bool
    dwell_s: int


class RotationIn(In):
    """See `RotationOut`."""

    region: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?$")] = ""
    category: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{0,24}$")] = ""
    risk: RiskName = ""
    must_zones_only: bool = False
    dwell_s: Annotated[int, Field(ge=MIN_DWELL_S, le=MAX_DWELL_S)]


class WallOut(Out):
    """places: camera ids row by row, as many as the layout; "" = empty. left_out: cameras that are not shown to this person, whose
    places are "" too. is_shared: with everybody of the owner's organisation. abilities: wall.manage = may change and delete it."""

    id: str
    name: str
    is_own: bool
    owner_name: str
    is_shared: bool
    layout: Layout
    places: list[str]
    left_out: int
    rotation: RotationOut | None
    updated_at: Instant
    abilities: list[str]
    etag: str


class WallListOut(Out):
    """The own ones first, then those shared with the own organisation, each by name."""

    items: list[WallOut]
    next_cursor: str | None


class WallIn(In):
    name: WallName
    is_shared: bool = False
    layout: Layout
    places: PlacesIn
    rotation: RotationIn | None = None


class WallPatchIn(In):
    """Only what is to change. places: all of them, as they shall be; rotation null: it ends."""

    name: WallName | None = None
    is_shared: bool | None = None
    layout: Layout | None = None
    places: PlacesIn | None = None
    rotation: RotationIn | None = None


def present_wall(seen: SeenWall) -> WallOut:
    """Return one wall as its reader may see it."""
    wall = seen.wall
    rotation = None
    if wall.rotation is not None:
        turning = wall.rotation
        rotation = RotationOut(
            region=turning.region,
            category=turning.category,
            risk=turning.risk,  # type: ignore[arg-type]  # checked when it came in
            must_zones_only=turning.must_zones_only,
            dwell_s=turning.dwell_s,
        )
    return WallOut(
        id=wall.id,
        name=wall.name,
        is_own=seen.is_own,
        owner_name=wall.owner_name,
        is_shared=wall.is_shared,
        layout=wall.layout,  # type: ignore[arg-type]  # checked when it came in
        places=list(seen.places),
        left_out=seen.left_out,
        rotation=rotation,
        updated_at=format_utc(wall.updated_at),
        abilities=list(seen.abilities),
        etag=write_etag(wall.version),
    )


def read_draft(given: WallIn) -> WallDraft:
    """Return what a new wall is to be."""
    return WallDraft(
        name=given.name,
        is_shared=given.is_shared,
        layout=given.layout,
        places=tuple(given.places),
        rotation=_read_rotation(given.rotation),
    )


def read_change(given: WallPatchIn) -> WallChange:
    """Return what is to become different."""
    return WallChange(
        name=given.name,
        is_shared=given.is_shared,
        layout=given.layout,
        places=None if given.places is None else tuple(given.places),
        rotation=_read_rotation(given.rotation),
        ends_rotation="rotation" in given.model_fields_set and given.rotation is None,
    )


def _read_rotation(given: RotationIn | None) -> Rotation | None:
    if given is None:
        return None
    return Rotation(
        region=given.region,
        category=given.category,
        risk=given.risk,
        must_zones_only=given.must_zones_only,
        dwell_s=given.dwell_s,
    )
