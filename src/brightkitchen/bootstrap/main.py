"""The command line: `brightkitchen …`. Parses, loads the settings once, and hands over to one process or one command."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from brightkitchen.bootstrap.demo import is_loopback
from brightkitchen.kernel.config import Config, load_config
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import choose_language, say_error

_PROCESSES: Final = ("serve", "demo", "control", "media-node", "signer")
_COMMANDS: Final = ("camera", "user", "region", "check", "evidence", "config")


def main(argv: list[str] | None = None) -> int:
    """Run one command. returns: the exit code; 2 for a wrong call or a wrong setting."""
    language = terminal_language(os.environ)
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(words).parse_args(words)
    os.umask(0o077)  # databases, logs and whatever else a library creates: nobody else's, whoever made the data folder
    try:
        result: int = arguments.run(arguments, language)
    except BrightKitchenError as error:
        print(say_error(error, language), file=sys.stderr)
        return 2 if error.kind is Kind.INVALID else 1
    except KeyboardInterrupt:
        return 130
    return result


def terminal_language(environment: "os._Environ[str] | dict[str, str]") -> str:
    """A terminal that asks for Chinese gets Chinese, any other English (its fonts may have nothing else)."""
    wanted = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return choose_language(wanted) if wanted.lower().startswith("zh") else "en"


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="brightkitchen", description="明厨云 BrightKitchen")
    parser.add_argument("--version", action="version", version=version("brightkitchen"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start everything on this machine")
    demo = commands.add_parser("demo", help="start everything, with simulated cameras")
    control = commands.add_parser("control", help="the control process alone (started by `serve`)")
    node = commands.add_parser("media-node", help="one media node alone (started by `serve`)")
    signer = commands.add_parser("signer", help="the process that holds the evidence key (started by `serve`)")
    for process in (serve, demo, control, node, signer):
        _add_settings(process)
    for process in (control, node, signer):
        process.add_argument("--inherit", type=int, required=True, metavar="FD", help=argparse.SUPPRESS)
        process.add_argument("--settings", default="{}", help=argparse.SUPPRESS)
    node.add_argument("--index", type=int, default=0, metavar="N")
    serve.set_defaults(run=_run_launcher, demo=False)
    demo.set_defaults(run=_run_launcher, demo=True)
    control.set_defaults(run=_run_control)
    node.set_defaults(run=_run_node)
    signer.set_defaults(run=_run_signer)

    # What a command needs takes seconds to load and tens of megabytes: only the one that is called, and none in a process.
    first = words[0] if words else ""
    for name in _COMMANDS:
        if first == name or first not in (*_COMMANDS, *_PROCESSES):
            import_module(f"brightkitchen.cli.{name}").add_parser(commands)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (see brightkitchen.example.toml)")
    parser.add_argument("--data", metavar="DIR", help="folder of the database and the recordings")
    parser.add_argument("--host", metavar="ADDRESS", help="address of the page and the pictures (127.0.0.1)")
    parser.add_argument("--port", type=int, metavar="N", help="port of the page; the other ports follow from it")
    parser.add_argument("--cameras", type=int, metavar="N", help="simulated cameras of the demo (16)")
    parser.add_argument("--insecure-http", action="store_const", const=True, help="plain HTTP beyond this machine")


def flags_of(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings that the command line names, as dotted keys. One --port moves all our ports together."""
    flags: dict[str, object] = {
        "data_dir": arguments.data,
        "web.host": arguments.host,
        "web.insecure_http": arguments.insecure_http,
        "demo.cameras": arguments.cameras,
    }
    if arguments.port is not None:
        flags |= {
            "web.port": arguments.port,
            "web.admin_port": arguments.port + 10,
            "media.first_port": arguments.port + 1,
            "media.first_admin_port": arguments.port + 11,
            "demo.first_port": arguments.port + 10474,
            "demo.control_port": arguments.port + 10473,
        }
    return {key: value for key, value in flags.items() if value is not None}


def _run_launcher(arguments: argparse.Namespace, language: str) -> int:
    from brightkitchen.bootstrap.launcher import Launcher

    flags = flags_of(arguments)
    if arguments.demo:
        flags["demo.enabled"] = True
    config = _load(arguments.config, flags)
    if config.demo.enabled:
        first = config.demo.first_port
        flags["netguard.allow_endpoints"] = (
            *config.netguard.allow_endpoints,
            f"127.0.0.1:{first}-{first + config.demo.cameras - 1}",
        )
        flags["auth.second_factor"] = "demo-off"  # nobody needs a phone to try the demo; its log-in page says so
        config = _load(arguments.config, flags)
    settings = ["--settings", msgspec.json.encode(flags).decode()]
    return Launcher(config, arguments.config, settings, language).run()


def _run_control(arguments: argparse.Namespace, _language: str) -> int:
    from brightkitchen.bootstrap.control import run_control

    return run_control(_load(arguments.config, _child_flags(arguments)), arguments.inherit)


def _run_node(arguments: argparse.Namespace, _language: str) -> int:
    from brightkitchen.bootstrap.node import run_node

    return run_node(_load(arguments.config, _child_flags(arguments)), arguments.index, arguments.inherit)


def _run_signer(arguments: argparse.Namespace, _language: str) -> int:
    from brightkitchen.bootstrap.signer import run_signer

    return run_signer(_load(arguments.config, _child_flags(arguments)), arguments.inherit)


def _child_flags(arguments: argparse.Namespace) -> dict[str, object]:
    settings: dict[str, object] = msgspec.json.decode(arguments.settings, type=dict[str, object])
    return settings | flags_of(arguments)


def _load(path: Path | None, flags: dict[str, object]) -> Config:
    if path is None and Path("brightkitchen.toml").is_file():
        path = Path("brightkitchen.toml")
    config = load_config(path, os.environ, flags)
    behind_proxy = config.web.public_url.startswith("https://")
    if not (is_loopback(config.web.host) or config.web.insecure_http or behind_proxy):
        raise BrightKitchenError(Kind.INVALID, "launcher.insecure_http", host=config.web.host)
    return config
