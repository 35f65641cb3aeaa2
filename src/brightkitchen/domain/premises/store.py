"""Tables of premises, their categories, zones, people and suspensions, and their rows."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.premises.model import (
    Category,
    Kinds,
    Need,
    NewPerson,
    Person,
    PersonKind,
    Premises,
    Secret,
    Suspension,
    SuspensionKind,
    SuspensionState,
    Zone,
    ZoneNeed,
)
from brightkitchen.domain.premises.numbers import mask_id_no, mask_phone
from brightkitchen.domain.premises.states import PremisesState
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import PremisesId, UserId
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import Utc, optional_utc

_PEOPLE: Final = "premises_people"

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("code", sa.String(24), primary_key=True),
    sa.Column("name_zh", sa.String(40), nullable=False),
    sa.Column("name_en", sa.String(60), nullable=False),
    # which row of the must-zone table applies (DOMAIN §1.2): SCHOOL, RESTAURANT, COLD_STORE, SUPERMARKET, PHARMACY
    sa.Column("zone_profile", sa.String(16), nullable=False),
    sa.Column("is_school", sa.Boolean, nullable=False),
    sa.Column("retention_days", sa.Integer, nullable=False),
    sa.Column("sort", sa.Integer, nullable=False),
)

zones = sa.Table(
    "zones",
    metadata,
    sa.Column("code", sa.String(16), primary_key=True),
    sa.Column("name_zh", sa.String(40), nullable=False),
    sa.Column("name_en", sa.String(60), nullable=False),
    # KITCHEN, DINING, GOODS, PUBLIC; REFUSED for places that no camera may show (SECURITY P1)
    sa.Column("area", sa.String(12), nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("sort", sa.Integer, nullable=False),
)

category_zones = sa.Table(
    "category_zones",
    metadata,
    sa.Column("zone_profile", sa.String(16), primary_key=True),
    sa.Column("zone", sa.String(16), sa.ForeignKey("zones.code"), primary_key=True),
    # MUST, MUST_IF_PRESENT, SHOULD, SHOULD_IF_PRESENT
    sa.Column("need", sa.String(20), nullable=False),
    # one camera may serve it together with others when the premises has at most 50 m² (DOMAIN §1.2 *)
    sa.Column("may_be_shared", sa.Boolean, nullable=False),
)

premises = sa.Table(
    "premises",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("external_no", sa.String(40), nullable=True, unique=True),
    sa.Column("region", sa.String(12), nullable=False, index=True),
    sa.Column("category", sa.String(24), sa.ForeignKey("categories.code"), nullable=False, index=True),
    sa.Column("name", sa.String(100), nullable=False),
    # lower-case initials of the pinyin and plain letters: 站前小学食堂 = zqxxst
    sa.Column("initials", sa.String(100), nullable=False, index=True),
    sa.Column("credit_code", sa.String(18), nullable=True, index=True),
    sa.Column("licence_no", sa.String(20), nullable=True, index=True),
    sa.Column("licence_expires_on", sa.String(10), nullable=True),
    sa.Column("address", sa.String(200), nullable=False),
    # WGS-84
    sa.Column("longitude_deg", sa.Float, nullable=True),
    sa.Column("latitude_deg", sa.Float, nullable=True),
    sa.Column("area_m2", sa.Float, nullable=True),
    sa.Column("diners", sa.Integer, nullable=True),
    # the official grade, A (low) to D (high); not our score (DOMAIN §2.5)
    sa.Column("risk_grade", sa.String(1), nullable=True),
    # business hours, e.g. "1-5 06:30-20:00;6-7 08:00-14:00" (ISO weekdays, local time)
    sa.Column("hours", sa.String(200), nullable=False),
    # zones of MUST_IF_PRESENT and SHOULD_IF_PRESENT that the premises has, with commas
    sa.Column("present_zones", sa.String(200), nullable=False),
    # onboarding (DOMAIN §3.1), see states.py
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("state_at", sa.BigInteger, nullable=False),
    # 应接入: counts in the denominator; an exemption takes it out with a reason
    sa.Column("is_due", sa.Boolean, nullable=False),
    sa.Column("exempt_reason", sa.String(200), nullable=True),
    # every must-zone has an ACTIVE channel now (R-CAM-2); kept by the reconciler
    sa.Column("is_complete", sa.Boolean, nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("retired_at", sa.BigInteger, nullable=True),
)

premises_people = sa.Table(
    "premises_people",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey("premises.id"), nullable=False, index=True),
    # RESPONSIBLE, FS_DIRECTOR, FS_OFFICER, DUTY
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("phone_sealed", sa.LargeBinary, nullable=True),
    sa.Column("phone_hmac", sa.String(64), nullable=True, index=True),
    sa.Column("id_no_sealed", sa.LargeBinary, nullable=True),
    sa.Column("id_no_hmac", sa.String(64), nullable=True, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

suspensions = sa.Table(
    "suspensions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey("premises.id"), nullable=False, index=True),
    # HOLIDAY 寒暑假, CLOSED 停业, RENOVATION 装修
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("from_on", sa.String(10), nullable=False),
    sa.Column("to_on", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("requested_by", sa.String(40), nullable=True),
    sa.Column("requested_at", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.String(40), nullable=True),
    sa.Column("decided_at", sa.BigInteger, nullable=True),
    # REQUESTED, APPROVED, REFUSED, ENDED
    sa.Column("state", sa.String(12), nullable=False),
)


async def load_ids_by_external_no(connection: AsyncConnection, numbers: Iterable[str]) -> dict[str, PremisesId]:
    """Return external_no → id for those that are there."""
    wanted = sa.select(premises.c.external_no, premises.c.id).where(premises.c.external_no.in_(list(numbers)))
    return {row.external_no: PremisesId(row.id) for row in await connection.execute(wanted)}


# ---- kinds


async def load_kinds(connection: AsyncConnection) -> Kinds:
    """Return the categories, zones and must-zones, each in its order."""
    category_rows = await connection.execute(sa.select(categories).order_by(categories.c.sort, categories.c.code))
    zone_rows = await connection.execute(sa.select(zones).order_by(zones.c.sort, zones.c.code))
    need_rows = await connection.execute(sa.select(category_zones))
    return Kinds(
        {
            row.code: Category(
                row.code, row.name_zh, row.name_en, row.zone_profile, row.is_school, row.retention_days, row.sort
            )
            for row in category_rows
        },
        {row.code: Zone(row.code, row.name_zh, row.name_en, row.area, row.is_public, row.sort) for row in zone_rows},
        tuple(ZoneNeed(row.zone_profile, row.zone, Need(row.need), row.may_be_shared) for row in need_rows),
    )


async def save_first_kinds(connection: AsyncConnection, kinds: Kinds) -> bool:
    """Fill the three tables if there is no category yet. returns: whether that was done."""
    if (await connection.execute(sa.select(categories.c.code).limit(1))).first() is not None:
        return False
    await connection.execute(
        categories.insert(),
        [
            {
                "code": each.code,
                "name_zh": each.name_zh,
                "name_en": each.name_en,
                "zone_profile": each.zone_profile,
                "is_school": each.is_school,
                "retention_days": each.retention_days,
                "sort": each.sort,
            }
            for each in kinds.categories.values()
        ],
    )
    await connection.execute(
        zones.insert(),
        [
            {
                "code": each.code,
                "name_zh": each.name_zh,
                "name_en": each.name_en,
                "area": each.area,
                "is_public": each.is_public,
                "sort": each.sort,
            }
            for each in kinds.zones.values()
        ],
    )
    await connection.execute(
        category_zones.insert(),
        [
            {
                "zone_profile": each.zone_profile,
                "zone": each.zone,
                "need": each.need.value,
                "may_be_shared": each.may_be_shared,
            }
            for each in kinds.needs
        ],
    )
    return True


# ---- premises


async def load_premises(connection: AsyncConnection, premises_id: str) -> Premises | None:
    """Return a premises that is in the register."""
    wanted = sa.select(premises).where(premises.c.id == premises_id, premises.c.retired_at.is_(None))
    row = (await connection.execute(wanted)).one_or_none()
    return premises_of(row) if row else None


async def load_many_premises(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Premises]:
    """Return those of `ids` that are in the register."""
    wanted = sa.select(premises).where(premises.c.id.in_(list(ids)), premises.c.retired_at.is_(None))
    return {row.id: premises_of(row) for row in await connection.execute(wanted)}


async def save_new_premises(connection: AsyncConnection, item: Premises) -> None:
    """raises: BrightKitchenError "premises.number_taken" if another has its external number."""
    try:
        await connection.execute(premises.insert().values(id=item.id, created_at=item.created_at, **_values(item)))
    except sa.exc.IntegrityError as cause:
        raise BrightKitchenError(Kind.CONFLICT, "premises.number_taken", field="external_no") from cause


async def save_premises(connection: AsyncConnection, item: Premises, *, was_version: int) -> bool:
    """Write a changed premises over version `was_version`. returns: False if it is not that version any more.

    raises: as `save_new_premises`.
    """
    where = (premises.c.id == item.id) & (premises.c.version == was_version)
    try:
        result = await connection.execute(premises.update().where(where).values(**_values(item)))
    except sa.exc.IntegrityError as cause:
        raise BrightKitchenError(Kind.CONFLICT, "premises.number_taken", field="external_no") from cause
    return bool(result.rowcount == 1)


async def load_number_taken(connection: AsyncConnection, item: Premises) -> str | None:
    """Return the name of the field ("external_no", "licence_no") whose number another premises has, else None."""
    for column, number in ((premises.c.external_no, item.external_no), (premises.c.licence_no, item.licence_no)):
        if number is None:
            continue
        wanted = sa.select(premises.c.id).where(column == number, premises.c.id != item.id)
        if column is premises.c.licence_no:  # a licence is given again; an external number never
            wanted = wanted.where(premises.c.retired_at.is_(None))
        if (await connection.execute(wanted.limit(1))).first() is not None:
            return str(column.name)  # a plain str: it goes into an answer
    return None


def _values(item: Premises) -> dict[str, object]:
    return {
        "external_no": item.external_no,
        "region": item.region,
        "category": item.category,
        "name": item.name,
        "initials": item.initials,
        "credit_code": item.credit_code,
        "licence_no": item.licence_no,
        "licence_expires_on": item.licence_expires_on,
        "address": item.address,
        "longitude_deg": item.longitude_deg,
        "latitude_deg": item.latitude_deg,
        "area_m2": item.area_m2,
        "diners": item.diners,
        "risk_grade": item.risk_grade,
        "hours": item.hours,
        "present_zones": ",".join(item.present_zones),
        "state": item.state.value,
        "state_at": item.state_at,
        "is_due": item.is_due,
        "exempt_reason": item.exempt_reason,
        "is_complete": item.is_complete,
        "is_demo": item.is_demo,
        "updated_at": item.updated_at,
        "version": item.version,
        "retired_at": item.retired_at,
    }


def premises_of(row: sa.Row[tuple[object, ...]]) -> Premises:
    """Return the premises of a row that has all columns of the table."""
    return Premises(
        id=PremisesId(row.id),
        external_no=row.external_no,
        region=row.region,
        category=row.category,
        name=row.name,
        initials=row.initials,
        credit_code=row.credit_code,
        licence_no=row.licence_no,
        licence_expires_on=row.licence_expires_on,
        address=row.address,
        longitude_deg=row.longitude_deg,
        latitude_deg=row.latitude_deg,
        area_m2=row.area_m2,
        diners=row.diners,
        risk_grade=row.risk_grade,
        hours=row.hours,
        present_zones=tuple(code for code in row.present_zones.split(",") if code),
        state=PremisesState(row.state),
        state_at=Utc(row.state_at),
        is_due=row.is_due,
        exempt_reason=row.exempt_reason,
        is_complete=row.is_complete,
        is_demo=row.is_demo,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
        version=row.version,
        retired_at=optional_utc(row.retired_at),
    )


# ---- people of premises


def build_sealed(sealer: FieldSealer, person_id: str, *, phone: str | None, id_no: str | None) -> dict[str, object]:
    """Return the four columns of a person's numbers. phone, id_no: in clear, None = not known."""
    values: dict[str, object] = {}
    for secret, plain in ((Secret.PHONE, phone), (Secret.ID_NO, id_no)):
        column = f"{secret.value}_sealed"
        sealed = sealer.seal(plain, table=_PEOPLE, column=column, row=person_id) if plain else None
        values[column] = sealed
        values[f"{secret.value}_hmac"] = index_of(sealer, secret, plain) if plain else None
    return values


def index_of(sealer: FieldSealer, secret: Secret, plain: str) -> str:
    """Return what an exact number is found by."""
    return sealer.index(plain, table=_PEOPLE, column=f"{secret.value}_hmac")


def open_secret(sealer: FieldSealer, row: sa.Row[tuple[object, ...]], secret: Secret) -> str | None:
    """Return what is sealed in a person's row, None if there is nothing. raises: SealBroken."""
    column = f"{secret.value}_sealed"
    blob = getattr(row, column)
    return sealer.open(blob, table=_PEOPLE, column=column, row=row.id) if blob is not None else None


def person_of(sealer: FieldSealer, row: sa.Row[tuple[object, ...]]) -> Person:
    """Return the person of a row, with masked numbers. raises: SealBroken."""
    phone, id_no = open_secret(sealer, row, Secret.PHONE), open_secret(sealer, row, Secret.ID_NO)
    return Person(
        id=row.id,
        premises=PremisesId(row.premises_id),
        kind=PersonKind(row.kind),
        name=row.name,
        phone=mask_phone(phone) if phone else None,
        id_no=mask_id_no(id_no) if id_no else None,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
        version=row.version,
    )


async def load_people(connection: AsyncConnection, sealer: FieldSealer, premises_id: PremisesId) -> list[Person]:
    """Return a premises' people, the responsible first. raises: SealBroken."""
    wanted = sa.select(premises_people).where(premises_people.c.premises_id == premises_id)
    found = [person_of(sealer, row) for row in await connection.execute(wanted)]
    order = list(PersonKind)
    return sorted(found, key=lambda person: (order.index(person.kind), person.created_at, person.id))


async def load_person_row(
    connection: AsyncConnection, premises_id: PremisesId, person_id: str
) -> sa.Row[tuple[object, ...]] | None:
    """Return the row of a person of that premises, sealed as it is."""
    wanted = sa.select(premises_people).where(
        premises_people.c.id == person_id, premises_people.c.premises_id == premises_id
    )
    return (await connection.execute(wanted)).one_or_none()


async def save_new_person(
    connection: AsyncConnection, sealer: FieldSealer, premises_id: PremisesId, person_id: str, new: NewPerson, now: Utc
) -> None:
    await connection.execute(
        premises_people.insert().values(
            id=person_id,
            premises_id=premises_id,
            kind=new.kind.value,
            name=new.name,
            created_at=now,
            updated_at=now,
            version=1,
            **build_sealed(sealer, person_id, phone=new.phone, id_no=new.id_no),
        )
    )


async def save_person(
    connection: AsyncConnection,
    sealer: FieldSealer,
    person_id: str,
    values: NewPerson,
    *,
    was_version: int,
    now: Utc,
) -> bool:
    """Write a changed person over version `was_version`. returns: False if it is not that version any more."""
    where = (premises_people.c.id == person_id) & (premises_people.c.version == was_version)
    result = await connection.execute(
        premises_people.update()
        .where(where)
        .values(
            kind=values.kind.value,
            name=values.name,
            updated_at=now,
            version=was_version + 1,
            **build_sealed(sealer, person_id, phone=values.phone, id_no=values.id_no),
        )
    )
    return bool(result.rowcount == 1)


async def delete_person(connection: AsyncConnection, person_id: str) -> None:
    """Forget a person: a number nobody needs any more is not kept."""
    await connection.execute(premises_people.delete().where(premises_people.c.id == person_id))


# ---- suspensions


async def load_suspensions(connection: AsyncConnection, premises_id: PremisesId) -> list[Suspension]:
    """Return a premises' suspensions, the latest first."""
    wanted = sa.select(suspensions).where(suspensions.c.premises_id == premises_id)
    wanted = wanted.order_by(suspensions.c.from_on.desc(), suspensions.c.id)
    return [_suspension(row) for row in await connection.execute(wanted)]


async def save_new_suspension(connection: AsyncConnection, item: Suspension) -> None:
    await connection.execute(
        suspensions.insert().values(
            id=item.id,
            premises_id=item.premises,
            kind=item.kind.value,
            from_on=item.from_on,
            to_on=item.to_on,
            reason=item.reason,
            requested_by=item.requested_by,
            requested_at=item.requested_at,
            decided_by=item.decided_by,
            decided_at=item.decided_at,
            state=item.state.value,
        )
    )


async def save_suspension(connection: AsyncConnection, item: Suspension, *, was: SuspensionState) -> bool:
    """Write a suspension that was in state `was`. returns: False if it is not in it any more."""
    where = (suspensions.c.id == item.id) & (suspensions.c.state == was.value)
    result = await connection.execute(
        suspensions.update()
        .where(where)
        .values(to_on=item.to_on, decided_by=item.decided_by, decided_at=item.decided_at, state=item.state.value)
    )
    return bool(result.rowcount == 1)


def is_suspended_on(on: str) -> sa.ColumnElement[bool]:
    """Return "the row of `premises` counts as closed on that ISO date"; the same as `Suspension.covers`."""
    counts = suspensions.c.state.in_((SuspensionState.APPROVED.value, SuspensionState.ENDED.value))
    covers = sa.and_(
        suspensions.c.premises_id == premises.c.id, counts, suspensions.c.from_on <= on, suspensions.c.to_on >= on
    )
    return sa.exists().where(covers).correlate(premises)


def _suspension(row: sa.Row[tuple[object, ...]]) -> Suspension:
    return Suspension(
        id=row.id,
        premises=PremisesId(row.premises_id),
        kind=SuspensionKind(row.kind),
        from_on=row.from_on,
        to_on=row.to_on,
        reason=row.reason,
        requested_by=UserId(row.requested_by) if row.requested_by is not None else None,
        requested_at=Utc(row.requested_at),
        decided_by=UserId(row.decided_by) if row.decided_by is not None else None,
        decided_at=optional_utc(row.decided_at),
        state=SuspensionState(row.state),
    )
