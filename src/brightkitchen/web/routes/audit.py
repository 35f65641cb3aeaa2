"""Reading the audit: everything, for those who audit; who watched one kitchen, for those it belongs to."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.policy import SEARCH, WATCHERS
from brightkitchen.domain.audit.queries import MAX_PAGE, Filters
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.regions import has_city_reach, region_prefix
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.units import Utc, format_utc, parse_utc
from brightkitchen.web.auth import Caller, Signed, services_of
from brightkitchen.web.options import Services
from brightkitchen.web.present.audit import AuditPageOut, WatchPageOut, present_row, present_watch

router = APIRouter(tags=["audit"])

_MAX_KINDS: Final = 20
Code = Annotated[str, Query(max_length=128, pattern=r"^[\w.:,@-]*$")]
Cursor = Annotated[str, Query(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
When = Annotated[str, Query(max_length=40)]


@router.get("/audit", operation_id="search_audit", response_model=AuditPageOut)
async def search_audit(
    request: Request,
    caller: Signed,
    actor: Code = "",
    kind: Annotated[list[str] | None, Query(max_length=_MAX_KINDS)] = None,
    object: Code = "",
    premises: Code = "",
    camera: Code = "",
    session: Code = "",
    region: Annotated[str, Query(pattern=r"^[0-9]{0,12}$")] = "",
    from_: Annotated[When, Query(alias="from")] = "",
    to: When = "",
    decision: Annotated[str, Query(pattern=r"^(allowed|refused|)$")] = "",
    text: Annotated[str, Query(max_length=64)] = "",
    cursor: Cursor = "",
    limit: Limit = MAX_PAGE,
) -> AuditPageOut:
    """Search the audit, newest first, inside the caller's regions. Reading it is a row of it as well."""
    services = services_of(request)
    if not set(kind or ()) <= model.KINDS:
        raise BrightKitchenError(Kind.INVALID, "web.field_unfit", field="kind")
    filters = Filters(
        actor_id=actor,
        kinds=tuple(kind or ()),
        object_id=object,
        premises_id=premises,
        camera_id=camera,
        session=session,
        regions=_regions(services, caller, region),
        from_at=read_instant(from_) if from_ else None,
        to_at=read_instant(to) if to else None,
        decision=decision,
        text=text,
    )
    page = await services.audit.search(filters, cursor=cursor, limit=limit)
    if not cursor:
        await _record_search(services, caller, filters)
    return AuditPageOut(items=[present_row(found) for found in page.rows], next_cursor=page.next_cursor)


@router.get("/premises/{premises_id}/watchers", operation_id="list_watchers", response_model=WatchPageOut)
async def list_watchers(
    request: Request, caller: Signed, premises_id: str, cursor: Cursor = "", limit: Limit = MAX_PAGE
) -> WatchPageOut:
    """Say who watched this kitchen: which authority and role, what for, which channel, when and how long; from 08:00 of the next day."""
    services = services_of(request)
    found = await services.premises.access_premises(caller.actor, premises_id, WATCHERS)
    page = await services.audit.list_watches(found.id, cursor=cursor, limit=limit)
    return WatchPageOut(
        items=[present_watch(watch) for watch in page.watches],
        published_until=format_utc(page.published_until),
        next_cursor=page.next_cursor,
    )


def _regions(services: Services, caller: Caller, region: str) -> tuple[str, ...]:
    """Return the regions to search in: what was asked for, inside what the caller reaches. raises: "access.none" if nothing is left.

    A reach that is limited to categories or to one premises is none here: rows do not say enough to hold it.
    """
    grants = services.policy.grants_for(caller.actor, SEARCH)
    scopes = [grant.scope for grant in grants if not grant.scope.categories and grant.scope.premises is None]
    if not scopes:
        raise not_found()
    wanted = region_prefix(region)
    if any(has_city_reach(scope.region) for scope in scopes):
        return (wanted,) if wanted else ()
    reached = [region_prefix(scope.region) for scope in scopes]
    inside = {max(wanted, prefix, key=len) for prefix in reached if _overlap(wanted, prefix)}
    if not inside:
        raise not_found()
    return tuple(sorted(inside))


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


async def _record_search(services: Services, caller: Caller, filters: Filters) -> None:
    detail: dict[str, model.Scalar] = {
        name: value
        for name, value in (
            ("actor", filters.actor_id),
            ("kinds", ",".join(filters.kinds)),
            ("object", filters.object_id),
            ("premises", filters.premises_id),
            ("camera", filters.camera_id),
            ("from_at", filters.from_at),
            ("to_at", filters.to_at),
        )
        if value
    }
    decision = services.policy.check(caller.actor, SEARCH)
    said = services.audit.entry(
        model.AUDIT_READ,
        who(caller.actor, decision),
        object_kind="audit",
        region=filters.regions[0] if filters.regions else "",
        detail=detail,
        names={"text": filters.text} if filters.text else {},
    )
    await services.audit.record_once({("read", caller.actor.pseudonym, repr(filters)): said})


def read_instant(text: str) -> Utc:
    """Return an instant of a query. raises: BrightKitchenError "web.instant"."""
    try:
        return parse_utc(text.replace(" ", "+"))
    except (ValueError, OverflowError) as cause:
        raise BrightKitchenError(Kind.INVALID, "web.instant") from cause
