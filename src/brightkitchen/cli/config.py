"""`brightkitchen config check`: say whether a settings file is right, before anything is restarted with it."""

import argparse
import os
from pathlib import Path

from brightkitchen.domain.users.oidc_settings import read_sign_on_rules
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.databaseurl import read_database_address
from brightkitchen.kernel.text import say


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `config check` to the command line."""
    config = commands.add_parser("config", help="check a settings file")
    check = config.add_subparsers(dest="action", required=True).add_parser(
        "check", help="read it and say what is wrong"
    )
    check.add_argument("--config", type=Path, required=True, metavar="FILE")
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Raise what is wrong, or say that nothing is."""
    config = load_config(arguments.config, os.environ)
    read_database_address(config.database)
    read_sign_on_rules(config.auth.oidc, os.environ)
    print(say("config.ok", language))
    return 0
