"""Whole lists as sheets: every cell a text, in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from brightkitchen.domain.cameras.channels import ChannelCount
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.maintenance.model import Ticket
from brightkitchen.domain.premises.queries import Found
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.text import say
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.web.spreadsheets import Sheet


@dataclass(frozen=True, slots=True)
class Words:
    """Names of what rows have codes for, in the reader's language. zone: the city's time zone. zones: of kitchens."""

    language: str
    regions: Mapping[str, str]
    categories: Mapping[str, str]
    zones: Mapping[str, str]
    zone: tzinfo
    now: Utc

    def moment(self, at: Utc | None) -> str:
        return f"{datetime.fromtimestamp(at // US_PER_S, self.zone):%Y-%m-%d %H:%M:%S}" if at else ""

    def yes(self, is_so: bool) -> str:
        return self.say("list.yes" if is_so else "list.no")

    def say(self, code: str) -> str:
        return say(code, self.language)


def premises_sheet(rows: Sequence[Found], counts: Mapping[PremisesId, ChannelCount], words: Words) -> Sheet:
    """Return one row for each premises, with how many channels it has."""
    header = (
        "number",
        "name",
        "category",
        "region",
        "address",
        "state",
        "grade",
        "licence",
        "due",
        "complete",
        "closed",
    )
    none = ChannelCount()
    return _sheet(
        "premises",
        (*header, "cameras", "active"),
        [
            (
                found.premises.external_no or "",
                found.premises.name,
                words.categories.get(found.premises.category, found.premises.category),
                words.regions.get(found.premises.region, found.premises.region),
                found.premises.address,
                words.say(f"onboarding.state.{found.premises.state.value.lower()}"),
                found.premises.risk_grade or "",
                found.premises.licence_expires_on or "",
                words.yes(found.premises.is_due),
                words.yes(found.premises.is_complete),
                words.yes(found.is_suspended),
                str(counts.get(found.premises.id, none).total),
                str(counts.get(found.premises.id, none).active),
            )
            for found in rows
        ],
        words,
        (16, 36, 18, 22, 40, 10, 8, 14, 10, 14, 10, 10, 10),
    )


def cameras_sheet(rows: Sequence[Camera], words: Words) -> Sheet:
    """Return one row for each camera; where it is reached stays in the house."""
    return _sheet(
        "cameras",
        ("camera", "premises", "region", "category", "zone", "activity", "since", "node"),
        [
            (
                camera.name,
                camera.premises_name,
                words.regions.get(camera.place.region, camera.place.region),
                words.categories.get(camera.place.category, camera.place.category),
                words.zones.get(camera.zone, camera.zone),
                words.say(f"list.activity.{camera.activity.value.lower()}"),
                words.moment(camera.activity_at),
                camera.node,
            )
            for camera in rows
        ],
        words,
        (26, 36, 22, 18, 14, 12, 22, 12),
    )


def faults_sheet(rows: Sequence[Ticket], words: Words) -> Sheet:
    """Return one row for each ticket."""
    return _sheet(
        "faults",
        ("ticket", "premises", "camera", "zone", "region", "state", "opened", "fixed", "ended"),
        [
            (
                ticket.number,
                ticket.premises_name,
                ticket.camera_name,
                words.zones.get(ticket.zone, ticket.zone),
                words.regions.get(ticket.place.region, ticket.place.region),
                words.say(f"fault.state.{ticket.state.value.lower()}"),
                words.moment(ticket.opened_at),
                words.moment(ticket.fixed_at),
                words.moment(ticket.closed_at),
            )
            for ticket in rows
        ],
        words,
        (18, 36, 26, 14, 22, 12, 22, 22, 22),
    )


def _sheet(
    name: str, header: tuple[str, ...], rows: list[tuple[str, ...]], words: Words, widths: tuple[int, ...]
) -> Sheet:
    taken = say("list.taken", words.language, moment=words.moment(words.now), rows=len(rows))
    titles = tuple(words.say(f"list.column.{each}") for each in header)
    return Sheet(words.say(f"list.name.{name}"), titles, rows, notes=(taken,), widths=widths)
