"""The decode worker: ``python -m brightkitchen.media.decode.worker``, started by `DecodePool`, jobs on fd 0, answers on fd 1.

It warms up everything that would open a file later, jails itself, says `Ready` and then does one job after the other. It has no
logger: what went wrong is in the answer, and a crash is seen by the parent.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from brightkitchen.media.decode.codecs import DecodeError, SoundEncoder, draw_jpeg
from brightkitchen.media.decode.jail import enter_jail
from brightkitchen.media.decode.messages import (
    LENGTH,
    MAX_MESSAGE_BYTES,
    Answer,
    Failed,
    Job,
    Jpeg,
    Picture,
    Probed,
    ProbeJail,
    Ready,
    Sound,
    SoundClose,
    SoundFeed,
    SoundOpen,
    Transcoded,
    TranscodeFeed,
    TranscodeOpen,
    build_frame,
    parse_job,
)
from brightkitchen.media.decode.transcoding import Transcoder

_MAX_SOUND_SESSIONS: Final = 256

# One grey picture of 64x64 each, made with x264 and x265: parameter sets, then the picture's NAL unit.
_WARM_UP: Final = {
    "h264": (
        ("6742c00ada109a1000000300100000030328f1226a", "68ce0fc8"),
        "6588843a272727275d75d75d75d75d75d780",
    ),
    "h265": (
        (
            "40010c01ffff01600000030090000003000003001e959409",
            "42010101600000030090000003000003001ea0208105965654a4c2e68080000003008000000c84",
            "4401c073c089",
        ),
        "2801ac760ddd20bc",
    ),
}


class Worker:
    """Does jobs. Owns the sound sessions, and the one stream that is transcoded."""

    def __init__(self) -> None:
        self._sound: dict[int, SoundEncoder] = {}
        self._transcoder: Transcoder | None = None

    def do(self, job: Job) -> Answer:
        """Return the answer; what the bytes of a camera break becomes `Failed`."""
        try:
            match job:
                case Jpeg():
                    jpeg, time, width_px, height_px = draw_jpeg(job)
                    return Picture(id=job.id, jpeg=jpeg, time=time, width_px=width_px, height_px=height_px)
                case SoundOpen():
                    return self._open_sound(job)
                case SoundFeed():
                    return self._feed_sound(job)
                case SoundClose():
                    self._sound.pop(job.session, None)
                    return Sound(id=job.id, config=b"", frames=())
                case TranscodeOpen():
                    self._transcoder = None  # before the next takes its memory
                    self._transcoder = Transcoder(job)
                    return self._transcoder.feed(TranscodeFeed(id=job.id, units=(), times=()))
                case TranscodeFeed():
                    return self._transcode(job)
                case ProbeJail():
                    return Probed(id=job.id, attempts=probe_jail(job.path))
        except DecodeError as cause:
            return Failed(id=job.id, why=str(cause)[:200])
        except MemoryError:
            return Failed(id=job.id, why="more memory is needed than a job may have")

    def _open_sound(self, job: SoundOpen) -> Sound:
        if len(self._sound) >= _MAX_SOUND_SESSIONS:
            raise DecodeError("too many sound sessions")
        encoder = self._sound[job.session] = SoundEncoder(job.codec, job.sample_rate_hz, job.channels)
        return Sound(id=job.id, config=encoder.config, frames=())

    def _feed_sound(self, job: SoundFeed) -> Sound:
        encoder = self._sound.get(job.session)
        if encoder is None:
            raise DecodeError("no such sound session")
        frames = encoder.encode(job.data, last=job.last)
        if job.last:
            del self._sound[job.session]
        return Sound(id=job.id, config=encoder.config, frames=frames)

    def _transcode(self, job: TranscodeFeed) -> Transcoded:
        if self._transcoder is None:
            raise DecodeError("nothing is being transcoded")
        try:
            answer = self._transcoder.feed(job)
        except DecodeError:
            self._transcoder = None
            raise
        if job.is_last:
            self._transcoder = None
        return answer


def probe_jail(path: str) -> dict[str, str]:
    """Try what must fail and say for each whether it was denied."""
    libc = ctypes.CDLL(None)
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: os.open(path, os.O_RDONLY),
        "create": lambda: os.open("/tmp/brightkitchen-jail-probe", os.O_WRONLY | os.O_CREAT, 0o600),
        "list": lambda: os.listdir("/"),
        "stat": lambda: os.stat(path),
        "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "unix_socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "socketpair": socket.socketpair,
        "pipe": os.pipe,
        "dup": lambda: os.dup(0),
        "fork": _fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill": lambda: os.kill(os.getppid() or 1, 0),
        "ptrace": lambda: _must_succeed(libc.ptrace(16, 1, 0, 0)),
        "unshare": lambda: _must_succeed(libc.unshare(0x10000000)),
        "prctl": lambda: _must_succeed(libc.prctl(38, 1, 0, 0, 0)),
        "executable_memory": lambda: _must_map(libc),
    }
    return {name: _try(attempt) for name, attempt in attempts.items()}


def _try(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError:
        return "denied"
    return "allowed"


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _must_succeed(result: int) -> None:
    if result != 0:
        raise OSError("denied")


def _must_map(libc: ctypes.CDLL) -> None:
    libc.mmap.restype = ctypes.c_ssize_t
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    if libc.mmap(None, 4096, 7, 0x22, -1, 0) == -1:
        raise OSError("denied")


def warm_up(worker: Worker) -> None:
    """Use each codec and scaler once, so that whatever they load or build is there before the jail closes."""
    for codec, (parameter_sets, nal) in _WARM_UP.items():
        unit = bytes.fromhex(nal)
        answer = worker.do(
            Jpeg(
                id=0,
                codec=codec,
                parameter_sets=tuple(bytes.fromhex(text) for text in parameter_sets),
                units=(LENGTH.pack(len(unit)) + unit,),
                times=(0,),
                wanted=0,
                width_px=32,
            )
        )
        if not isinstance(answer, Picture):
            raise SystemExit(f"the {codec} decoder does not work here: {answer}")
        _warm_up_transcoder(worker, codec)
    worker.do(SoundOpen(id=0, session=0, codec="pcma", sample_rate_hz=8000, channels=1))
    answer = worker.do(SoundFeed(id=0, session=0, data=bytes(4096), last=True))
    if not isinstance(answer, Sound) or len(answer.frames) < 4:
        raise SystemExit("the AAC encoder does not work here")
    probe_names = ctypes.CDLL(None)  # resolved now: looking a library up opens files
    for name in ("ptrace", "unshare", "prctl", "mmap"):
        getattr(probe_names, name)


def _warm_up_transcoder(worker: Worker, codec: str) -> None:
    parameter_sets, nal = _WARM_UP[codec]
    unit = bytes.fromhex(nal)
    worker.do(
        TranscodeOpen(
            id=0,
            codec=codec,
            parameter_sets=tuple(bytes.fromhex(text) for text in parameter_sets),
            most_width_px=32,
            most_height_px=32,
        )
    )
    answer = worker.do(TranscodeFeed(id=0, units=(LENGTH.pack(len(unit)) + unit,), times=(0,), is_last=True))
    if not isinstance(answer, Transcoded) or answer.keys != (True,):
        raise SystemExit(f"the H.264 encoder does not work here: {answer}")


def main() -> None:
    """Run until the parent closes our input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is the parent's to handle
    worker = Worker()
    warm_up(worker)
    _write(Ready(id=0, jail=enter_jail()))
    while (body := _read_body()) is not None:
        _write(worker.do(parse_job(body)))


def _read_body() -> bytes | None:
    """Return the next message; None when the parent has gone."""
    head = _read_exactly(LENGTH.size)
    if head is None:
        return None
    size_bytes = LENGTH.unpack(head)[0]
    if size_bytes > MAX_MESSAGE_BYTES:
        raise SystemExit("the parent sent a message that is too long")
    return _read_exactly(size_bytes)


def _read_exactly(size_bytes: int) -> bytes | None:
    buffer = bytearray(size_bytes)
    at = 0
    while at < size_bytes:
        chunk = os.read(0, min(size_bytes - at, 1 << 20))
        if not chunk:
            return None
        buffer[at : at + len(chunk)] = chunk
        at += len(chunk)
    return bytes(buffer)


def _write(answer: Answer) -> None:
    rest = memoryview(build_frame(answer))
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    try:
        main()
    except (msgspec.MsgspecError, BrokenPipeError) as cause:
        sys.exit(f"the parent speaks another language: {cause}")
