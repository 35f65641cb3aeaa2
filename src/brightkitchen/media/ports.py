"""What media needs from the other planes, said in media's own words; `bootstrap` joins them to `devices` and control."""

from collections.abc import Callable
from typing import Protocol

from brightkitchen.kernel.cameraspec import CameraSpec, Credential
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.ids import Profile
from brightkitchen.wire.au import AccessUnit, Format


class Counters(Protocol):
    """Structurally `devices.ports.SourceCounters`."""

    bytes_received: int
    packets_received: int
    packets_lost: int
    frames: int
    attempts: int
    clock_drift_us: int | None


class Source(Protocol):
    """Structurally `devices.ports.MediaSource`."""

    @property
    def counters(self) -> Counters: ...

    async def run(self) -> None: ...

    def set_low_latency(self, wanted: bool) -> None: ...


class SourceSink(Protocol):
    """Structurally `devices.ports.MediaSink`; a hub stream is one."""

    def on_connected(self) -> None: ...

    def on_format(self, track: int, format: Format) -> None: ...

    def on_units(self, units: list[AccessUnit]) -> None: ...

    def on_state(self, state: CameraState, reason: Reason | None, detail: str) -> None: ...


SourceFactory = Callable[[CameraSpec, Profile, Credential | None, SourceSink], Source]
"""Builds the source of one stream; it connects only when its `run` is started."""


class Reader(Protocol):
    """Somebody who wants a stream: the recorder, one viewer, a snapshot. Called by the stream's owner, on the loop.

    A reader must return at once and never raise; one that cannot keep up drops whole GOPs itself and counts them.
    """

    def on_start(self, formats: dict[int, Format]) -> None:
        """The stream (re)starts: all formats known now; what follows is a new timeline beginning at a key frame."""

    def on_units(self, units: list[AccessUnit]) -> None:
        """Units in decoding order. The first after `on_start` is a video key frame."""

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        """The connection's state, told at attach and at every change."""

    def on_stop(self) -> None:
        """Nothing follows until the next `on_start`: the camera went away or the stream closes."""
