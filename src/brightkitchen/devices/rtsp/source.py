"""One RTSP stream, kept connected: retries with back-off and jitter, redirects, and the state it is in.

States: CONNECTING on the first try and after a stream that had been LIVE broke off; LIVE with the first picture;
DEGRADED while more than 1 % of the packets of 5 s are missing; OFFLINE with the reason of the last failure, which stays
until a picture comes (a retry each minute must not make the tile flicker).
"""

from dataclasses import dataclass, replace
from typing import Final

from brightkitchen.devices.ports import MediaSink, SourceCounters, StreamAddress
from brightkitchen.devices.rtsp.connection import Outcome, RtspConnection
from brightkitchen.devices.rtsp.environment import RtspEnvironment
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.netguard import parse_camera_url

FIRST_RETRY_S: Final = 1.0
MAX_RETRY_S: Final = 30.0
FIRST_PASSWORD_RETRY_S: Final = 60.0
MAX_PASSWORD_RETRY_S: Final = 900.0
STABLE_S: Final = 30.0
MAX_REDIRECTS: Final = 3
_PASSWORD_REASONS: Final = frozenset({Reason.WRONG_PASSWORD, Reason.INSECURE_AUTH})


@dataclass(slots=True)
class BackOff:
    """How long to wait before the next try. Full jitter: 200 cameras that went down together come back apart."""

    entropy: Entropy
    failures: int = 0
    refusals: int = 0

    def next_delay_s(self, reason: Reason) -> float:
        """Return 0..min(30, 2^n) s; for a refused password 60 s and more, because cameras lock accounts."""
        if reason in _PASSWORD_REASONS:
            floor_s = min(FIRST_PASSWORD_RETRY_S * 2**self.refusals, MAX_PASSWORD_RETRY_S)
            self.refusals = min(self.refusals + 1, 8)
            return self.entropy.uniform(floor_s, floor_s * 1.5)
        ceiling_s = min(FIRST_RETRY_S * 2 ** (self.failures + 1), MAX_RETRY_S)
        self.failures = min(self.failures + 1, 8)
        return self.entropy.uniform(0.1, ceiling_s)

    def reset(self) -> None:
        self.failures = self.refusals = 0


class RtspSource:
    """Implements `devices.ports.MediaSource`."""

    def __init__(self, address: StreamAddress, sink: MediaSink, environment: RtspEnvironment) -> None:
        self._address = address
        self._sink = sink
        self._env = environment
        self._counters = SourceCounters()
        self._connection: RtspConnection | None = None
        self._low_latency = False
        self._told: tuple[CameraState, Reason | None] | None = None

    @property
    def counters(self) -> SourceCounters:
        return self._counters

    def set_low_latency(self, wanted: bool) -> None:
        self._low_latency = wanted
        if self._connection is not None:
            self._connection.set_low_latency(wanted)

    async def run(self) -> None:
        """Connect, feed the sink, reconnect; until cancelled."""
        back_off = BackOff(self._env.entropy)
        self._tell(CameraState.CONNECTING, None, "")
        while True:
            started_s = self._env.clock.mono_s()
            outcome = await self._connect_once()
            if outcome.was_live:
                self._counters.attempts = 0
                if self._env.clock.mono_s() - started_s >= STABLE_S:
                    back_off.reset()
            self._tell(CameraState.OFFLINE, outcome.reason, outcome.detail)
            await self._env.clock.sleep(back_off.next_delay_s(outcome.reason))
            if outcome.was_live:
                self._tell(CameraState.CONNECTING, None, "")

    async def _connect_once(self) -> Outcome:
        """Follow up to three redirects; each new address passes the guard, and no log-in goes to another host."""
        address = self._address
        for _ in range(MAX_REDIRECTS + 1):
            outcome = await self._try(address)
            if outcome.redirect is None:
                return outcome
            try:
                address = follow_redirect(address, outcome.redirect)
            except BrightKitchenError as cause:
                return Outcome(Reason.SERVER_ERROR, f"an unusable redirect: {cause.code}", outcome.was_live)
        return Outcome(Reason.SERVER_ERROR, "too many redirects")

    async def _try(self, address: StreamAddress) -> Outcome:
        attempts = self._counters.attempts + 1
        self._counters = _restart(self._counters, attempts)
        connection = RtspConnection(address, self._sink, self._env, self._counters, self._tell)
        connection.set_low_latency(self._low_latency)
        self._connection = connection
        try:
            return await connection.run()
        finally:
            self._connection = None

    def _tell(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        if (state, reason) != self._told:
            self._told = (state, reason)
            self._sink.on_state(state, reason, detail)


def _restart(counters: SourceCounters, attempts: int) -> SourceCounters:
    counters.bytes_received = counters.packets_received = counters.packets_lost = counters.frames = 0
    counters.attempts = attempts
    return counters


def follow_redirect(address: StreamAddress, location: str) -> StreamAddress:
    """Return the address that a camera's Location names. A log-in inside it is dropped; ours stays bound to its host.

    raises: BrightKitchenError if it is no RTSP URL, or would leave TLS.
    """
    url = parse_camera_url(location)
    credential = address.credential
    if credential is not None and (credential.host != url.host or (address.tls and not url.tls)):
        credential = None
    return replace(address, host=url.host, port=url.port, tls=url.tls, path=url.path, credential=credential)
