"""`brightkitchen check --store`: say whether the recordings are what docs/design/storage.md promises, and mend them with --repair."""

import argparse
import os
import sqlite3
import sys
import threading
from pathlib import Path

import msgspec

from brightkitchen.kernel.config import Config
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import say
from brightkitchen.media.store.checker import Checker, Finding, StoreReport
from brightkitchen.media.store.repair import repair
from brightkitchen.media.store.store import lock_store
from brightkitchen.media.store.volumes import store_places

LOOK_AGAIN_AFTER_S = 3.0


def check_stores(arguments: argparse.Namespace, config: Config, language: str) -> int:
    """Check one store or those of all nodes. returns: 0 if all are well, or mended.

    raises: BrightKitchenError if one could not be checked at all.
    """
    data = Path(config.data_dir)
    folders = [Path(arguments.store)] if arguments.store else sorted(data.glob("node-*/store"))
    if not folders:
        raise BrightKitchenError(Kind.NOT_FOUND, "store.no_index", folder=str(data))
    reports = [_check_one(folder, arguments, config, language) for folder in folders]
    if arguments.json:
        print(msgspec.json.encode([build_json(report, language) for report in reports]).decode())
    else:
        for report in reports:
            for line in tell(report, language):
                print(line)
    return 0 if all(report.is_well for report in reports) else 1


def tell(report: StoreReport, language: str) -> list[str]:
    """Return the verdict in sentences."""
    lines = []
    if report.is_running:
        lines.append(say("store.check.running", language, folder=str(report.folder)))
    lines.extend(say_finding(finding, language) for finding in report.findings)
    numbers: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "files": report.files,
        "size_gb": round(report.size_bytes / 1e9, 1),
        "waiting": report.waiting,
        "unhashed": report.unhashed,
        "failures": len(report.findings),
        "mended": sum(finding.mended != "" for finding in report.findings),
    }
    lines.append(say("store.check.unhealthy" if report.findings else "store.check.well", language, **numbers))
    return lines


def say_finding(finding: Finding, language: str) -> str:
    """Return what was found, in one sentence."""
    words = {"file": finding.file, "detail": finding.detail or finding.invariant}
    sentence = say(f"store.found.{finding.trouble.value}", language, **words)
    return say("store.check.mended", language, sentence=sentence, how=finding.mended) if finding.mended else sentence


def build_json(report: StoreReport, language: str) -> dict[str, object]:
    """Return the verdict for programs."""
    return {
        "ok": report.is_well,
        "folder": str(report.folder),
        "running": report.is_running,
        "files": report.files,
        "size_bytes": report.size_bytes,
        "waiting": report.waiting,
        "unhashed": report.unhashed,
        "findings": [
            {
                "invariant": finding.invariant,
                "trouble": finding.trouble.value,
                "file": finding.file,
                "segment": finding.segment,
                "detail": finding.detail,
                "mended": finding.mended,
                "sentence": say_finding(finding, language),
            }
            for finding in report.findings
        ],
    }


def _check_one(folder: Path, arguments: argparse.Namespace, config: Config, language: str) -> StoreReport:
    places = store_places(config, folder.resolve().parent.name)
    shows = sys.stderr.isatty() and not arguments.json

    def show(files: int, total: int) -> None:
        if shows:
            print("\r" + say("store.check.progress", language, files=files, total=total), end="", file=sys.stderr)

    try:
        if arguments.repair:
            return repair(folder, places, reads_all=arguments.hash)
        return Checker(
            folder,
            places,
            reads_all=arguments.hash,
            is_running=_is_running(folder),
            wait=lambda: _pause(LOOK_AGAIN_AFTER_S),
            on_progress=show,
        ).run()
    except (OSError, sqlite3.Error) as cause:
        raise BrightKitchenError(
            Kind.UNAVAILABLE, "store.unreadable", folder=str(folder), problem=str(cause)
        ) from cause
    finally:
        if shows:
            print(file=sys.stderr)


def _is_running(folder: Path) -> bool:
    if not (folder / "store.lock").exists():
        return False
    try:
        os.close(lock_store(folder))
    except BrightKitchenError:
        return True
    return False


def _pause(duration_s: float) -> None:
    threading.Event().wait(duration_s)
