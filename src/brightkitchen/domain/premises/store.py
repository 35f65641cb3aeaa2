"""Tables of premises, their categories, zones, people and suspensions."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import PremisesId

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
