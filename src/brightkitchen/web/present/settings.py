"""How the installation is set up, as it leaves the server."""

from typing import Literal

from brightkitchen.domain.authz.regions import RegionLevel
from brightkitchen.domain.system.service import Encryption, Settings
from brightkitchen.kernel.certificatefiles import ServerCertificate
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services, WebOptions
from brightkitchen.web.present.base import Instant, Out


class CityOut(Out):
    """code, name: of the city in the regions that were loaded, "" if none were. counties, townships: how many of each."""

    name: str
    code: str
    counties: int
    townships: int
    time_zone: str
    demo: bool


class CertificateOut(Out):
    """names: DNS names and addresses. fingerprint: SHA-256, hex in pairs with colons."""

    names: list[str]
    not_before_at: Instant
    not_after_at: Instant
    fingerprint: str


class WaysInOut(Out):
    """encryption "generated": the certificate was made here, and /ca.crt is its authority's; "own": the operator's;
    "proxy": somebody before us has it; "none": plain HTTP. certificate None: not ours, or it cannot be read.
    """

    origins: list[str]
    encryption: Encryption
    certificate: CertificateOut | None


class HostClockOut(Out):
    """state: whether somebody keeps this machine's clock right. error_us: how wrong it may be, None where nobody says."""

    at: Instant
    state: Literal["synchronised", "unsynchronised", "unknown"]
    error_us: int | None


class LogInOut(Out):
    """strict: graded protection, level 3. single_sign_on: what its button says; None: there is none."""

    second_factor: bool
    strict: bool
    single_sign_on: str | None


class LibraryOut(Out):
    name: str
    version: str
    licence: str


class SettingsOut(Out):
    """urban_hours, rural_hours: within which a fault has to be mended. evidence_suite: with what evidence is signed."""

    version: str
    database: Literal["sqlite", "postgresql"]
    city: CityOut
    ways_in: WaysInOut
    host_clock: HostClockOut
    log_in: LogInOut
    urban_hours: int
    rural_hours: int
    evidence_suite: str
    c2pa: bool
    libraries: list[LibraryOut]


def present_settings(found: Settings, options: WebOptions, services: Services) -> SettingsOut:
    in_force, sign_on = found.in_force, services.sign_on.rules
    levels = [region.level for region in found.regions]
    return SettingsOut(
        version=options.version,
        database=in_force.database,
        city=CityOut(
            name=options.city,
            code=next((each.code for each in found.regions if each.level is RegionLevel.CITY), ""),
            counties=levels.count(RegionLevel.COUNTY),
            townships=levels.count(RegionLevel.TOWNSHIP),
            time_zone=options.time_zone,
            demo=options.demo,
        ),
        ways_in=WaysInOut(
            origins=list(options.origins),
            encryption=in_force.encryption,
            certificate=_present_certificate(found.certificate) if found.certificate else None,
        ),
        host_clock=HostClockOut(
            at=format_utc(services.clock.utc()),
            state=found.clock.state,  # type: ignore[arg-type]  # one of the three
            error_us=found.clock.error_us,
        ),
        log_in=LogInOut(
            second_factor=services.users.rules.second_factor,
            strict=in_force.strict_log_in,
            single_sign_on=sign_on.label if sign_on.is_on else None,
        ),
        urban_hours=in_force.urban_hours,
        rural_hours=in_force.rural_hours,
        evidence_suite=in_force.evidence_suite,
        c2pa=in_force.has_c2pa,
        libraries=[LibraryOut(name=each.name, version=each.version, licence=each.licence) for each in found.libraries],
    )


def _present_certificate(certificate: ServerCertificate) -> CertificateOut:
    return CertificateOut(
        names=[*certificate.names, *map(str, certificate.addresses)],
        not_before_at=format_utc(certificate.not_before_at),
        not_after_at=format_utc(certificate.not_after_at),
        fingerprint=certificate.fingerprint.hex(":").upper(),
    )
