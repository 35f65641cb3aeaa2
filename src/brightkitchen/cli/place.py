"""Where the running control of a command is found: by the same settings as `serve` reads."""

import argparse
import os
from pathlib import Path

from brightkitchen.kernel.config import Config, load_config


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add --config and --data."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (see brightkitchen.example.toml)")
    parser.add_argument("--data", metavar="DIR", help="folder of the database and the recordings")


def admin_socket_path(arguments: argparse.Namespace) -> Path:
    """Return the path of the private socket. raises: BrightKitchenError "config.…"."""
    return Path(load_settings(arguments).data_dir) / "run" / "admin.sock"


def load_settings(arguments: argparse.Namespace) -> Config:
    """Return the settings that `serve` would read. raises: BrightKitchenError "config.…"."""
    path = arguments.config
    if path is None and Path("brightkitchen.toml").is_file():
        path = Path("brightkitchen.toml")
    return load_config(path, os.environ, {"data_dir": arguments.data})
