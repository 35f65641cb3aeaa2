"""The tree of cameras as the API shows it."""

from typing import Literal

from brightkitchen.domain.cameras.tree import Branch, Branches, Counts, Level
from brightkitchen.domain.premises.opening import PremisesOpening
from brightkitchen.web.present.base import Out, present_instant

BranchesName = Literal["region", "category", "premises"]
OpeningName = Literal["open", "off_hours", "suspended"]
BranchKind = Literal["region", "category", "premises", "unplaced"]


class BranchCountsOut(Out):
    """Cameras that the filter leaves, those of them that are online and that are abnormal, and how many premises they are of."""

    cameras: int
    online: int
    abnormal: int
    premises: int


class BranchOut(Out):
    """id: a region's or category's code, or a premises' id. region, category: of a premises, else "".

    kind unplaced: cameras that belong to no premises, with id and name ""; `GET /cameras?placed=false` lists them.
    """

    kind: BranchKind
    id: str
    name: str
    region: str
    category: str
    counts: BranchCountsOut


class CameraTreeOut(Out):
    """level: what the branches are. Only premises come in pages. total: of all pages together."""

    level: BranchesName
    items: list[BranchOut]
    next_cursor: str | None
    total: BranchCountsOut


class OpeningOut(Out):
    """Whether a premises is open now. hours: its business hours, "" = nobody wrote them down. opens_at: when it opens next, while off hours.

    from_on, to_on: the approved stop over today, both days included; null while it is not suspended, or nobody said until when.
    """

    premises_id: str
    state: OpeningName
    hours: str
    opens_at: str | None
    from_on: str | None
    to_on: str | None


class OpeningListOut(Out):
    """Those of the premises asked for that are in the caller's scope."""

    items: list[OpeningOut]


def present_opening(each: PremisesOpening) -> OpeningOut:
    """Return one premises' opening."""
    return OpeningOut(
        premises_id=each.premises,
        state=each.opening.value,
        hours=each.hours,
        opens_at=present_instant(each.opens_at),
        from_on=each.from_on or None,
        to_on=each.to_on or None,
    )


def present_premises_branch(branch: Branch) -> BranchOut:
    """Return a premises as a branch."""
    return _present_branch(branch, Branches.PREMISES, "")


def present_level(level: Level, language: str) -> CameraTreeOut:
    """Return one level; names of categories in the reader's language."""
    return CameraTreeOut(
        level=level.by.value,
        items=[_present_branch(branch, level.by, language) for branch in level.branches],
        next_cursor=level.next_cursor,
        total=_present_counts(level.total),
    )


def _present_branch(branch: Branch, by: Branches, language: str) -> BranchOut:
    name = branch.name
    if branch.kind is not None:
        name = branch.kind.name_zh if language == "zh-CN" else branch.kind.name_en
    return BranchOut(
        kind=by.value if branch.id else "unplaced",
        id=branch.id,
        name=name,
        region=branch.region,
        category=branch.category,
        counts=_present_counts(branch.counts),
    )


def _present_counts(counts: Counts) -> BranchCountsOut:
    return BranchCountsOut(
        cameras=counts.cameras, online=counts.online, abnormal=counts.abnormal, premises=counts.premises
    )
