"""`brightkitchen camera add | list | probe | remove`: the server's own way to do what the page does."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from brightkitchen.cli.admin_client import AdminClient, CameraAsk, CameraLine
from brightkitchen.cli.place import add_place, admin_socket_path
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import is_id
from brightkitchen.kernel.netguard import CameraUrl, parse_camera_url
from brightkitchen.kernel.nodeprotocol import ProbeAnswer
from brightkitchen.kernel.text import has_sentence, say


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `camera …` to the command line."""
    actions = commands.add_parser("camera", help="add, list, try and remove cameras").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    add = actions.add_parser("add", help="put a camera in service")
    add.add_argument("name", metavar="NAME")
    add.add_argument("url", metavar="URL", help="rtsp://host[:port]/path, without the password")
    add.add_argument(
        "--premises", default="", metavar="ID|NAME", help="of the register, or a name for one that is not in it"
    )
    add.add_argument("--zone", default="", metavar="CODE", help="what it shows: COOK, CUT, WASH, …, or the zone's name")
    add.add_argument("--sub-path", default=None, metavar="PATH", help="path of the small stream")
    _add_login(add)
    probe = actions.add_parser("probe", help="say whether a camera can be reached, and if not, why")
    probe.add_argument("target", metavar="URL|ID")
    _add_login(probe)
    listing = actions.add_parser("list", help="list the cameras in service")
    remove = actions.add_parser("remove", help="take a camera out of service; its recordings stay")
    remove.add_argument("camera", metavar="ID")
    for parser in (add, probe, listing, remove):
        add_place(parser)
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Do it. returns: 0, or 1 if a probe found no picture. raises: BrightKitchenError, to be worded by the caller."""
    actions = {"add": _add, "probe": _probe, "list": _list, "remove": _remove}
    return asyncio.run(actions[arguments.action](arguments, language))


def _add_login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--username", default="", metavar="NAME", help="log-in of the camera; the password is asked for"
    )
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="file whose first line is the password")
    parser.add_argument("--transport", choices=("auto", "tcp", "udp"), default="auto")
    parser.add_argument("--allow-basic", action="store_true", help="let the password go over the wire in clear text")


async def _add(arguments: argparse.Namespace, language: str) -> int:
    url = _split(arguments.url, language)
    async with AdminClient(admin_socket_path(arguments)) as admin:
        asked = _with_login(arguments, url, language)
        asked = msgspec.structs.replace(
            asked,
            name=arguments.name,
            premises=arguments.premises if is_id(arguments.premises, "prm") else "",
            premises_name="" if is_id(arguments.premises, "prm") else arguments.premises,
            zone=arguments.zone,
            sub_path=arguments.sub_path,
        )
        camera = await admin.add_camera(asked)
    print(say("cli.camera_added", language, name=camera.name, id=camera.id, address=camera.address))
    return 0


async def _probe(arguments: argparse.Namespace, language: str) -> int:
    is_camera = is_id(arguments.target, "cam")
    asked = (
        CameraAsk(camera=arguments.target)
        if is_camera
        else _with_login(arguments, _split(arguments.target, language), language)
    )
    async with AdminClient(admin_socket_path(arguments)) as admin:
        answer = await admin.probe(asked)
    for line in build_probe_lines(answer, language):
        print(line)
    return 0 if answer.reason is None else 1


async def _list(arguments: argparse.Namespace, language: str) -> int:
    async with AdminClient(admin_socket_path(arguments)) as admin:
        cameras = await admin.list_cameras()
    if not cameras:
        print(say("cli.no_cameras", language))
    for line in build_table(cameras):
        print(line)
    return 0


async def _remove(arguments: argparse.Namespace, language: str) -> int:
    async with AdminClient(admin_socket_path(arguments)) as admin:
        await admin.remove_camera(arguments.camera)
    print(say("cli.camera_removed", language, id=arguments.camera))
    return 0


def build_probe_lines(answer: ProbeAnswer, language: str) -> list[str]:
    """Return what a try found: one sentence of what is wrong and what to do, or what the camera sends."""
    if answer.reason is not None:
        reason = answer.reason if has_sentence(f"camera.reason.{answer.reason}") else "server_error"
        return [say(f"camera.reason.{reason}", language) + _gap(language) + say(f"camera.advice.{reason}", language)]
    tracks = []
    for track in answer.tracks:
        size = f" {track.width_px}x{track.height_px}" if track.width_px else ""
        rate = f" {track.sample_rate_hz} Hz" if track.sample_rate_hz else ""
        tracks.append(f"  {track.codec}{size}{rate}")
    return [say("camera.probe_ok", language), *tracks]


def build_table(cameras: Sequence[CameraLine]) -> list[str]:
    """Return one line per camera, tab-separated: id, state, address, premises, zone, name."""
    return [
        "\t".join(
            (
                camera.id,
                f"{camera.state}:{camera.reason}" if camera.reason else camera.state or "-",
                camera.address,
                camera.premises_name,
                camera.zone,
                camera.name,
            )
        )
        for camera in cameras
    ]


def _gap(language: str) -> str:
    return "" if language == "zh-CN" else " "


def _split(text: str, language: str) -> CameraUrl:
    """Take the URL apart and warn if it carried a password, which the shell's history now holds."""
    url = parse_camera_url(text)
    if url.password:
        print(say("cli.password_in_url", language), file=sys.stderr)
    return url


def _with_login(arguments: argparse.Namespace, url: CameraUrl, language: str) -> CameraAsk:
    """Return what to ask with the log-in: from the options, else from inside the URL; a password is never an option."""
    username = arguments.username or url.username or ""
    password = ("" if arguments.username else url.password) or ""
    if arguments.password_file is not None:
        password = _read_password(arguments.password_file)
    elif username and not password:
        password = getpass.getpass(say("cli.ask_password", language, username=username))
    bare = replace(url, username=None, password=None)
    shown_host = f"[{bare.host}]" if ":" in bare.host else bare.host
    return CameraAsk(
        name="probe",
        url=f"{'rtsps' if bare.tls else 'rtsp'}://{shown_host}:{bare.port}{bare.path}",
        username=username,
        password=password,
        transport=arguments.transport,
        allow_basic=arguments.allow_basic,
    )


def _read_password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as cause:
        raise BrightKitchenError(Kind.INVALID, "cli.password_file", path=str(path)) from cause
