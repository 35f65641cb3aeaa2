"""Names of those whom the audit speaks of by id, and whose ids a name may mean."""

from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.store import audit_rows
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.inquiry.model import PersonName
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.users.store import users

MAX_MEANT: Final = 50


async def load_hashes(connection: AsyncConnection, seqs: Collection[int]) -> Mapping[int, str]:
    """Return the hashes of rows by their numbers."""
    query = sa.select(audit_rows.c.seq, audit_rows.c.hash).where(audit_rows.c.seq.in_(seqs))
    return {int(row.seq): str(row.hash) for row in await connection.execute(query)}


async def load_people_names(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, PersonName]:
    """Return accounts and names by id, of those who left as well."""
    query = sa.select(users.c.id, users.c.username, users.c.display_name).where(users.c.id.in_(ids))
    return {row.id: PersonName(row.username, row.display_name) for row in await connection.execute(query)}


async def load_premises_names(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, str]:
    """Return the names of premises by id, also of those no longer in the register."""
    query = sa.select(premises.c.id, premises.c.name).where(premises.c.id.in_(ids))
    return {row.id: row.name for row in await connection.execute(query)}


async def load_camera_names(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, str]:
    """Return the names of cameras by id, also of retired ones."""
    query = sa.select(cameras.c.id, cameras.c.name).where(cameras.c.id.in_(ids))
    return {row.id: row.name for row in await connection.execute(query)}


async def load_people_meant(connection: AsyncConnection, text: str) -> tuple[str, ...]:
    """Return the ids of people whose name or account has `text` in it, at most `MAX_MEANT` + 1."""
    said = users.c.username.icontains(text, autoescape=True) | users.c.display_name.icontains(text, autoescape=True)
    query = sa.select(users.c.id).where(said).order_by(users.c.id).limit(MAX_MEANT + 1)
    return tuple((await connection.execute(query)).scalars())


async def load_premises_meant(connection: AsyncConnection, text: str) -> tuple[str, ...]:
    """Return the ids of premises whose name has `text` in it or whose initials begin with it, at most `MAX_MEANT` + 1."""
    said = premises.c.name.icontains(text, autoescape=True) | premises.c.initials.startswith(
        text.lower(), autoescape=True
    )
    query = sa.select(premises.c.id).where(said).order_by(premises.c.id).limit(MAX_MEANT + 1)
    return tuple((await connection.execute(query)).scalars())
