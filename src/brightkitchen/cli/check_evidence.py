"""`brightkitchen check --evidence`: every item of the chain, every file, against its seal and the audit. Reads only."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec
import sqlalchemy as sa

from brightkitchen.cli.evidence import say_finding
from brightkitchen.domain.evidence.checking import EvidenceReport, check_evidence
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.database import open_database_read_only, sqlite_url
from brightkitchen.kernel.databaseurl import PostgresAddress, read_database_address
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.keyhistory import History, read_history, split_lines
from brightkitchen.kernel.text import say


def check_all_evidence(arguments: argparse.Namespace, config: Config, language: str) -> int:
    """Check. returns: 0 if nothing was found, 1 if something was. raises: BrightKitchenError if it could not be checked."""
    report = asyncio.run(_check(arguments, config, language))
    if arguments.json:
        print(msgspec.json.encode(build_json(report, language)).decode())
        return 0 if report.is_well else 1
    for finding in report.findings:
        print(say_finding(finding, language))
    for note in report.notes:
        print(say("evidence.check.stranger", language, folder=note))
    code = "evidence.check.well" if report.is_well else "evidence.check.unhealthy"
    print(say(code, language, items=report.items, files=report.files, head=report.head, count=len(report.findings)))
    return 0 if report.is_well else 1


def build_json(report: EvidenceReport, language: str) -> dict[str, object]:
    """Return the verdict for programs."""
    return {
        "ok": report.is_well,
        "items": report.items,
        "files": report.files,
        "head": report.head,
        "strangers": report.notes,
        "findings": [
            {
                "trouble": finding.trouble.value,
                "item": finding.item,
                "file": finding.file,
                "detail": finding.detail,
                "sentence": say_finding(finding, language),
            }
            for finding in report.findings
        ],
    }


async def _check(arguments: argparse.Namespace, config: Config, language: str) -> EvidenceReport:
    data = Path(config.data_dir)
    address: str | PostgresAddress | None = read_database_address(config.database)
    if address is None:
        file = data / "control.sqlite3"
        if not file.is_file():
            raise BrightKitchenError(Kind.NOT_FOUND, "audit.database_missing", path=str(file))
        address = sqlite_url(file)
    history = _read_keys(Path(config.evidence.signer_dir or data / "signer") / "keys.jsonl")
    shows = sys.stderr.isatty() and not arguments.json

    def show(done: int) -> None:
        if shows:
            print("\r" + say("evidence.check.progress", language, done=done), end="", file=sys.stderr)

    database = await open_database_read_only(address)
    try:
        return await check_evidence(database, EvidenceFolder(data / "evidence"), history, show)
    except sa.exc.SQLAlchemyError as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause
    finally:
        if shows:
            print(file=sys.stderr)
        await database.close()


def _read_keys(file: Path) -> History:
    """raises: BrightKitchenError "evidence.check.no_keys"; an installation that never signed has none, and no evidence."""
    try:
        return read_history(split_lines(file.read_bytes()))
    except FileNotFoundError:
        return History((), ())
    except OSError as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "evidence.check.no_keys", path=str(file)) from cause
