"""The control port: JSON lines on loopback, one request a line, one answer a line.

    {"op": "set", "camera": 3, "fault": "stall", "value": "all", "for_s": 10}     camera: number or "all"; value, for_s optional
    {"op": "clear", "camera": 3, "fault": "stall"}                                 without fault: all of them
    {"op": "list"}
    {"op": "random", "cameras": [1, 2], "seed": 7, "duration_s": 1800, "log": "faults.jsonl", "kinds": ["stall"]}
    {"op": "stop_random"}

Answers: {"ok": true, ...} or {"ok": false, "error": "..."}.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from brightkitchen_sim.clock import US_PER_S, Clock, build_utc_text
from brightkitchen_sim.faults import DEFAULT_RANDOM_KINDS, FAULTS, FaultError, PlannedFault, build_schedule
from brightkitchen_sim.server.camera import Camera

_MAX_LINE_BYTES = 16 * 1024
_READ_TIMEOUT_S = 300.0
_MAX_FOR_S = 86_400.0


class FaultDirector:
    """Begins faults, ends them in time, and carries out schedules.

    cameras: by number; may grow while the simulator starts.
    """

    def __init__(self, cameras: Mapping[int, Camera], clock: Clock) -> None:
        self._cameras = cameras
        self._clock = clock
        self._ends: dict[tuple[int, str], asyncio.TimerHandle] = {}
        self._planned: list[asyncio.TimerHandle] = []
        self._running: dict[tuple[int, str], dict[str, Any]] = {}
        self._log: TextIO | None = None

    def begin(self, camera: Camera, name: str, value: Any = None, for_s: float | None = None) -> None:
        """Begin a fault, for `for_s` seconds or until it is cleared. Raises FaultError."""
        if for_s is not None and not 0 < for_s <= _MAX_FOR_S:
            raise FaultError(f"for_s must be above 0 and at most {_MAX_FOR_S:g}")
        camera.set_fault(name, value)
        key = camera.number, name
        if (old := self._ends.pop(key, None)) is not None:
            old.cancel()
        if for_s is not None:
            self._ends[key] = asyncio.get_running_loop().call_later(for_s, self.end, camera, name)

    def end(self, camera: Camera, name: str) -> None:
        """End a fault now."""
        key = camera.number, name
        if (timer := self._ends.pop(key, None)) is not None:
            timer.cancel()
        camera.faults.clear(name)
        if (entry := self._running.pop(key, None)) is not None:
            self._write_log(entry | {"event": "end", "end": build_utc_text(self._clock.utc_us())})

    def start_schedule(self, plan: list[PlannedFault], log: Path) -> None:
        """Carry out `plan` from now on; what really happened is appended to `log`. Raises OSError for a bad path."""
        self.stop_schedule()
        self._log = log.open("a", encoding="utf-8")
        loop = asyncio.get_running_loop()
        self._planned = [loop.call_later(fault.at_s, self._begin_planned, fault) for fault in plan]

    def stop_schedule(self) -> None:
        """Forget what is planned and end what a schedule began."""
        for timer in self._planned:
            timer.cancel()
        self._planned = []
        for number, name in list(self._running):
            self.end(self._cameras[number], name)
        if self._log is not None:
            self._log.close()
            self._log = None

    def close(self) -> None:
        self.stop_schedule()
        for timer in self._ends.values():
            timer.cancel()
        self._ends.clear()

    def _begin_planned(self, fault: PlannedFault) -> None:
        camera = self._cameras.get(fault.camera)
        begun_us = self._clock.utc_us()
        entry: dict[str, Any] = {
            "event": "start",
            "camera": fault.camera,
            "name": camera.label.name if camera is not None else None,
            "fault": fault.name,
            "value": fault.value,
            "outage": FAULTS[fault.name].outage,
            "start": build_utc_text(begun_us),
            "planned_end": build_utc_text(begun_us + int(fault.for_s * US_PER_S)),
            "end": None,
        }
        if camera is None or fault.name in camera.faults.active:
            self._write_log(entry | {"event": "skipped"})
            return
        try:
            self.begin(camera, fault.name, fault.value, fault.for_s)
        except FaultError as error:
            self._write_log(entry | {"event": "skipped", "error": str(error)})
            return
        self._running[fault.camera, fault.name] = entry
        self._write_log(entry)

    def _write_log(self, entry: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._log.flush()


class ControlServer:
    """Answers on the control port."""

    def __init__(self, cameras: Mapping[int, Camera], director: FaultDirector) -> None:
        self._cameras = cameras
        self._director = director
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "set": self._set,
            "clear": self._clear,
            "list": self._list,
            "random": self._random,
            "stop_random": self._stop_random,
        }

    async def open(self, port: int) -> int:
        """Listen on 127.0.0.1:`port` (0 = any) and return the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=_MAX_LINE_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Do what one line says and return the answer."""
        try:
            request = json.loads(line)
            operation = self._operations.get(str(request.get("op"))) if isinstance(request, dict) else None
            if operation is None:
                raise FaultError(f"op must be one of {', '.join(self._operations)}")
            return {"ok": True} | operation(request)
        except (FaultError, OSError) as error:
            return {"ok": False, "error": str(error)}
        except (ValueError, TypeError, RecursionError):
            return {"ok": False, "error": "not a request that can be understood"}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await asyncio.wait_for(reader.readline(), _READ_TIMEOUT_S):
                writer.write(json.dumps(self.answer(line), ensure_ascii=False).encode() + b"\n")
                await asyncio.wait_for(writer.drain(), _READ_TIMEOUT_S)
        except (ValueError, TimeoutError, OSError):
            pass  # too long a line, too long a silence, or gone
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _choose(self, request: dict[str, Any]) -> list[Camera]:
        number = request.get("camera")
        if number == "all":
            return list(self._cameras.values())
        camera = self._cameras.get(number) if isinstance(number, int) else None
        if camera is None:
            raise FaultError(f"no camera {number!r}")
        return [camera]

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        for_s = request.get("for_s")
        cameras = self._choose(request)
        for camera in cameras:
            self._director.begin(
                camera, str(request.get("fault")), request.get("value"), None if for_s is None else float(for_s)
            )
        return {"cameras": [_describe_faults(camera) for camera in cameras]}

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("fault")
        if name is not None and name not in FAULTS:
            raise FaultError(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
        cameras = self._choose(request)
        for camera in cameras:
            for active in list(camera.faults.active) if name is None else [name]:
                self._director.end(camera, active)
        return {"cameras": [_describe_faults(camera) for camera in cameras]}

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"cameras": [_describe_faults(camera) for camera in self._cameras.values()]}

    def _random(self, request: dict[str, Any]) -> dict[str, Any]:
        numbers = request.get("cameras")
        chosen = sorted(self._cameras) if numbers is None else [int(number) for number in numbers]
        plan = build_schedule(
            int(request.get("seed", 1)),
            chosen,
            min(float(request.get("duration_s", 1800.0)), _MAX_FOR_S),
            kinds=tuple(request.get("kinds") or DEFAULT_RANDOM_KINDS),
            mean_gap_s=max(1.0, float(request.get("mean_gap_s", 60.0))),
            min_fault_s=max(0.1, float(request.get("min_fault_s", 2.0))),
            max_fault_s=float(request.get("max_fault_s", 20.0)),
        )
        self._director.start_schedule(plan, Path(str(request["log"])))
        return {"planned": len(plan)}

    def _stop_random(self, request: dict[str, Any]) -> dict[str, Any]:
        self._director.stop_schedule()
        return {}


def _describe_faults(camera: Camera) -> dict[str, Any]:
    return {
        "camera": camera.number,
        "name": camera.label.name,
        "connections": len(camera.connections),
        "playing": {name: len(stream.video.players) for name, stream in camera.streams.items()},
        "faults": dict(camera.faults.active),
    }


async def send_request(port: int, request: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """Send one request to a control port and return its answer. Raises OSError or TimeoutError."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), timeout_s)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        line = await asyncio.wait_for(reader.readline(), timeout_s)
    finally:
        writer.close()
    if not line:
        raise ConnectionError("the control port closed without an answer")
    answer: dict[str, Any] = json.loads(line)
    return answer
