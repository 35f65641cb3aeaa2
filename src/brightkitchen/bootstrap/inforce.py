"""What the settings file said, as far as the page shows it (`domain.system`)."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

from brightkitchen.bootstrap.reach import describe_shown
from brightkitchen.domain.system.service import Encryption, InForce, Library
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.hostclock import read_host_clock

OURS: Final = "brightkitchen"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CLASSIFIER: Final = "License :: OSI Approved :: "
_MOST_CHARS: Final = 60


def build_in_force(config: Config) -> InForce:
    """Return what is in force with these settings."""
    url = config.database.url or config.database.url_file
    return InForce(
        encryption=_encryption_of(config),
        database="postgresql" if url else "sqlite",
        strict_log_in=config.auth.profile == "dengbao3",
        urban_hours=config.faults.urban_hours,
        rural_hours=config.faults.rural_hours,
        evidence_suite=config.evidence.suite,
        has_c2pa=config.evidence.c2pa,
        read_certificate=lambda: describe_shown(config),
        read_clock=read_host_clock,
        read_libraries=read_libraries,
    )


def _encryption_of(config: Config) -> Encryption:
    if config.tls.generated:
        return "generated"
    if config.tls.certificate:
        return "own"
    return "proxy" if config.web.public_url.startswith("https://") else "none"


@cache
def read_libraries() -> Sequence[Library]:
    """Return what we need to run, and what that needs, by name: of what is installed here."""
    found: dict[str, Library] = {}
    waiting = [OURS]
    while waiting:
        name = waiting.pop()
        key = name.lower().replace("_", "-").replace(".", "-")
        if key in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or one that nothing asked for
        found[key] = Library(package.metadata["Name"], package.version, _licence_of(package))
        for text in package.requires or ():
            needed = _NAME.match(text)
            if needed is not None and "extra ==" not in text:
                waiting.append(needed[0])
    found.pop(OURS, None)
    return tuple(sorted(found.values(), key=lambda each: each.name.lower()))


def _licence_of(package: Distribution) -> str:
    """Return the licence in a line: the expression, else what is written freely, else the classifiers."""
    said = next(
        (each for name in ("License-Expression", "License") for each in package.metadata.get_all(name) or ()), ""
    )
    line = said.strip().partition("\n")[0].strip()
    if line and len(line) <= _MOST_CHARS:
        return line
    classifiers = package.metadata.get_all("Classifier") or []
    return ", ".join(each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER))
