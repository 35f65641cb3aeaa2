"""`brightkitchen user create | reset | offboard`: log-ins, made and ended on the server itself."""

import argparse
import asyncio
from pathlib import Path

from brightkitchen.cli.admin_client import AdminClient, UserAsk
from brightkitchen.cli.place import add_place, admin_socket_path
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import say


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `user …` to the command line."""
    actions = commands.add_parser("user", help="create a log-in, or give it another password").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    leaving = actions.add_parser("offboard", help="end sessions, tokens, devices, invitations and roles of somebody")
    leaving.add_argument("username", metavar="NAME")
    add_place(leaving)
    leaving.set_defaults(run=run)
    for name, what in (
        ("create", "create a person with one role"),
        ("reset", "set another password, end all sessions"),
    ):
        parser = actions.add_parser(name, help=what)
        parser.add_argument("username", metavar="NAME")
        parser.add_argument(
            "--password-file", type=Path, metavar="FILE", help="else a random one is made and shown once"
        )
        if name == "create":
            parser.add_argument("--role", default="CITY_ADMIN", metavar="ROLE", help="see docs/ref/permissions.md")
            parser.add_argument("--region", default="", metavar="CODE", help="GB/T 2260 code the role reaches")
            parser.add_argument("--premises", default="", metavar="ID", help="for owners and their staff")
        add_place(parser)
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Do it. returns: 0. raises: BrightKitchenError, to be worded by the caller."""
    return asyncio.run(_run(arguments, language))


async def _run(arguments: argparse.Namespace, language: str) -> int:
    if arguments.action == "offboard":
        async with AdminClient(admin_socket_path(arguments)) as admin:
            await admin.offboard(arguments.username)
        print(say("cli.user_offboarded", language, username=arguments.username))
        return 0
    chosen = _read_password(arguments.password_file) if arguments.password_file is not None else None
    create = arguments.action == "create"
    role = {"role": arguments.role, "region": arguments.region, "premises": arguments.premises} if create else {}
    asked = UserAsk(username=arguments.username, password=chosen, **role)
    async with AdminClient(admin_socket_path(arguments)) as admin:
        user = await (admin.create_user(asked) if create else admin.reset_password(asked))
    code = "cli.user_created" if create else "cli.user_reset"
    if user.password is None:
        print(say(code + "_quietly", language, username=user.username))
    else:
        print(say(code, language, username=user.username, secret=user.password))
    return 0


def _read_password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as cause:
        raise BrightKitchenError(Kind.INVALID, "cli.password_file", path=str(path)) from cause
