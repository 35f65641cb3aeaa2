"""`brightkitchen region load FILE`: the regions of a city."""

import argparse
import asyncio
from pathlib import Path

from brightkitchen.cli.admin_client import AdminClient
from brightkitchen.cli.place import add_place, admin_socket_path
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import say


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `region …` to the command line."""
    actions = commands.add_parser("region", help="the city's counties and townships").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    parser = actions.add_parser("load", help="keep the regions of a city file (docs/ref/city-file.md)")
    parser.add_argument("file", type=Path, metavar="FILE")
    add_place(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Do it. returns: 0. raises: BrightKitchenError, to be worded by the caller."""
    try:
        data = arguments.file.read_bytes()
    except OSError as cause:
        raise BrightKitchenError(Kind.INVALID, "cli.file_unreadable", path=str(arguments.file)) from cause
    count = asyncio.run(_load(arguments, data))
    print(say("cli.regions_loaded", language, count=count))
    return 0


async def _load(arguments: argparse.Namespace, data: bytes) -> int:
    async with AdminClient(admin_socket_path(arguments)) as admin:
        return await admin.load_regions(data)
