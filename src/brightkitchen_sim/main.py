"""Command line of the camera simulator."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from brightkitchen_sim.clock import SystemClock
from brightkitchen_sim.control import send_request
from brightkitchen_sim.faults import FAULTS, FaultError, parse_fault
from brightkitchen_sim.secretfile import ENVIRONMENT_KEY, NO_CREDENTIALS, CredentialsError, read_credentials
from brightkitchen_sim.serve import ServeOptions, Simulator
from brightkitchen_sim.server.auth import AuthMode

DEFAULT_BASE_PORT = 18554


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brightkitchen-sim", description="Simulated cameras that are real RTSP servers."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_serve(commands.add_parser("serve", help="run cameras"))
    _add_fault(commands.add_parser("fault", help="make a running camera misbehave"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cameras", type=int, default=16, help="camera 0 is the one with the true clock")
    parser.add_argument("--base-port", type=int, default=DEFAULT_BASE_PORT, help="port of camera 0; 0 = free ports")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "brightkitchen-sim")
    parser.add_argument("--scenes", choices=("kitchen", "pattern"), default="kitchen")
    parser.add_argument("--control-port", type=int, default=0, help="loopback; 0 = any, announced")
    parser.add_argument("--credentials", type=Path, help=f'JSON file {{"user", "password"}}; else ${ENVIRONMENT_KEY}')
    parser.add_argument("--credentials-fd", type=int, help="descriptor to read the same JSON from")
    parser.add_argument("--auth", choices=[mode.value for mode in AuthMode], default=AuthMode.DIGEST.value)
    parser.add_argument(
        "--write", choices=("packet", "frame"), default="packet", help="one write per packet or per frame"
    )
    parser.add_argument("--session-timeout", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument(
        "--h265-every", type=int, default=8, help="every n-th camera has H.265 as main picture; 0 = none"
    )
    parser.add_argument("--ready-file", type=Path, help="the announcements are also written here")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="[CAMERA:]NAME[=VALUE]",
        help=f"from the start: {', '.join(FAULTS)}",
    )
    parser.add_argument("--random-seed", type=int, help="random faults on all cameras but 0")
    parser.add_argument("--random-for", type=float, default=1800.0, metavar="SECONDS")
    parser.add_argument(
        "--end-with-input", action="store_true", help="end when standard input does: its starter is gone"
    )
    parser.add_argument("--fault-log", type=Path, help="JSON lines of the random faults that really happened")


def _add_fault(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--control", type=int, required=True, metavar="PORT")
    parser.add_argument("--camera", help='number, or "all"')
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--set", metavar="NAME[=VALUE]", help=", ".join(FAULTS))
    action.add_argument("--clear", metavar="NAME", help='a fault, or "all"')
    action.add_argument("--list", action="store_true")
    action.add_argument("--random", type=int, metavar="SEED")
    action.add_argument("--stop-random", action="store_true")
    parser.add_argument("--for", dest="for_s", type=float, metavar="SECONDS")
    parser.add_argument("--log", type=Path, help="with --random: where to write what happened")


def main() -> None:
    parser = build_parser()
    options = parser.parse_args()
    try:
        if options.command == "serve":
            _serve(options)
        else:
            _fault(options)
    except (CredentialsError, FaultError) as error:
        parser.error(str(error))
    except (OSError, ImportError) as error:
        sys.exit(f"brightkitchen-sim: {error}")


def _serve(options: argparse.Namespace) -> None:
    mode = AuthMode(options.auth)
    credentials = NO_CREDENTIALS
    if mode is not AuthMode.NONE:
        credentials = read_credentials(options.credentials, options.credentials_fd)
    if (options.random_seed is None) != (options.fault_log is None):
        raise FaultError("--random-seed and --fault-log belong together")
    serve_options = ServeOptions(
        cameras=options.cameras,
        base_port=options.base_port,
        cache=options.cache,
        auth_mode=mode,
        credentials=credentials,
        host=options.host,
        control_port=options.control_port,
        scenes=options.scenes,
        each_packet=options.write == "packet",
        session_timeout_s=options.session_timeout,
        h265_every=options.h265_every,
        ready_file=options.ready_file,
        faults=[_split_fault(text) for text in options.fault],
        random_seed=options.random_seed,
        random_for_s=options.random_for,
        fault_log=options.fault_log,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(serve_options, end_with_input=options.end_with_input))


async def _run(options: ServeOptions, *, end_with_input: bool) -> None:
    stop = asyncio.Event()
    if end_with_input:
        _watch_input(stop)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Simulator(options, SystemClock(), sys.stdout).run(stop)


def _watch_input(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    number = sys.stdin.fileno()

    def readable() -> None:
        if os.read(number, 4096) == b"":
            loop.remove_reader(number)
            stop.set()

    loop.add_reader(number, readable)


def _split_fault(text: str) -> tuple[int | None, str]:
    camera, colon, fault = text.rpartition(":")
    parse_fault(fault)
    if not colon or camera == "all":
        return None, fault
    if not camera.isdigit():
        raise FaultError(f"no camera {camera!r}")
    return int(camera), fault


def _fault(options: argparse.Namespace) -> None:
    answer = asyncio.run(send_request(options.control, build_request(options)))
    print(json.dumps(answer, ensure_ascii=False))
    if not answer.get("ok"):
        sys.exit(1)


def build_request(options: argparse.Namespace) -> dict[str, Any]:
    """Return the control request that the arguments of `fault` mean. Raises FaultError."""
    if options.list:
        return {"op": "list"}
    if options.stop_random:
        return {"op": "stop_random"}
    camera = int(options.camera) if options.camera and options.camera.isdigit() else options.camera
    if options.random is not None:
        if options.log is None:
            raise FaultError("--random needs --log FILE")
        cameras = None if camera in (None, "all") else [camera]
        request = {"op": "random", "seed": options.random, "cameras": cameras, "log": str(options.log.absolute())}
        return request if options.for_s is None else request | {"duration_s": options.for_s}
    if camera is None:
        raise FaultError("which camera? --camera N or --camera all")
    if options.set is not None:
        name, value = parse_fault(options.set)
        return {"op": "set", "camera": camera, "fault": name, "value": value, "for_s": options.for_s}
    return {"op": "clear", "camera": camera, "fault": None if options.clear == "all" else options.clear}


if __name__ == "__main__":
    main()
