"""`brightkitchen check`: say whether the audit, the evidence or the recordings are what was written. Reads only; works while the product runs."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec
import sqlalchemy as sa

from brightkitchen.cli.check_evidence import check_all_evidence
from brightkitchen.cli.check_store import check_stores
from brightkitchen.cli.place import add_place, load_settings
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.checking import check_chain
from brightkitchen.domain.audit.verify import Finding, Report
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.database import open_database_read_only, sqlite_url
from brightkitchen.kernel.databaseurl import PostgresAddress, read_database_address
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import say
from brightkitchen.kernel.units import format_utc


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `check` to the command line."""
    check = commands.add_parser("check", help="say whether what is stored is what was written")
    what = check.add_mutually_exclusive_group(required=True)
    what.add_argument("--audit", action="store_true", help="the audit: every row, and the anchors")
    what.add_argument(
        "--store", nargs="?", const="", metavar="DIR", help="the recordings of every node, or of the store in DIR"
    )
    what.add_argument("--evidence", action="store_true", help="the evidence: the chain, every seal, every file")
    check.add_argument(
        "--anchors", type=Path, metavar="DIR", help="a copy of the anchors, kept elsewhere; believed instead of ours"
    )
    check.add_argument("--hash", action="store_true", help="with --store: read every file from beginning to end")
    check.add_argument(
        "--repair",
        action="store_true",
        help="with --store, node stopped: mend what can be mended; deletes no recording",
    )
    check.add_argument("--json", action="store_true", help="the verdict as JSON")
    add_place(check)
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Check. returns: 0 if nothing was found, 1 if something was. raises: BrightKitchenError if it could not be checked."""
    config = load_settings(arguments)
    if arguments.store is not None:
        return check_stores(arguments, config, language)
    if arguments.evidence:
        return check_all_evidence(arguments, config, language)
    report = asyncio.run(_check(arguments, config, language))
    if arguments.json:
        print(msgspec.json.encode(build_json(report, language)).decode())
    else:
        for finding in report.findings:
            accepted = say("audit.check.accepted", language) if finding.accepted else ""
            print(accepted + say_finding(finding, language))
        print(_verdict(report, language))
    return 0 if report.is_well else 1


def build_json(report: Report, language: str) -> dict[str, object]:
    """Return the verdict for programs."""
    return {
        "ok": report.is_well,
        "rows": report.rows,
        "last_at": format_utc(report.last_at),
        "anchors": report.anchors,
        "root_key": report.root,
        "findings": [
            {
                "trouble": finding.trouble.value,
                "failure": finding.is_failure,
                "accepted": finding.accepted,
                "params": finding.params,
                "sentence": say_finding(finding, language),
            }
            for finding in report.findings
        ],
    }


def say_finding(finding: Finding, language: str) -> str:
    """Return what was found, in one sentence."""
    return say(f"audit.found.{finding.trouble.value}", language, **finding.params)


async def _check(arguments: argparse.Namespace, config: Config, language: str) -> Report:
    data = Path(config.data_dir)
    own = Path(config.audit.anchor_dir or data / "anchors")
    address: str | PostgresAddress | None = read_database_address(config.database)
    if address is None:
        file = data / "control.sqlite3"
        if not file.is_file():
            raise BrightKitchenError(Kind.NOT_FOUND, "audit.database_missing", path=str(file))
        address = sqlite_url(file)
    copy = arguments.anchors
    if copy is not None and not copy.is_dir():
        raise BrightKitchenError(Kind.INVALID, "audit.unreadable", path=str(copy), problem="no such folder")
    shows = sys.stderr.isatty() and not arguments.json

    def show(rows: int, total: int) -> None:
        if shows:
            print("\r" + say("audit.check.progress", language, rows=rows, total=total), end="", file=sys.stderr)

    database = await open_database_read_only(address)
    try:
        return await check_chain(
            database,
            AnchorFolder(own),
            copy=AnchorFolder(copy) if copy is not None else None,
            trusted_root=config.audit.trusted_key,
            accepted_lines=config.audit.accepted_restores,
            on_progress=show,
        )
    except sa.exc.SQLAlchemyError as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause
    except OSError as cause:
        raise BrightKitchenError(
            Kind.UNAVAILABLE, "audit.unreadable", path=str(copy or own), problem=cause.strerror or ""
        ) from cause
    finally:
        if shows:
            print(file=sys.stderr)
        await database.close()


def _verdict(report: Report, language: str) -> str:
    if report.is_well:
        at = format_utc(report.last_at)
        return say("audit.check.well", language, rows=report.rows, anchors=report.anchors, at=at, root=report.root)
    failures = sum(finding.is_failure for finding in report.findings)
    return say("audit.check.unhealthy", language, failures=failures)
