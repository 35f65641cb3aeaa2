"""A client of the running product that speaks HTTP as the page does, and waits for what it must see."""

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from tests.e2e.product import Product

T = TypeVar("T")
Json = dict[str, Any]  # Any: JSON
_PAUSE_S = 0.1


def until(check: Callable[[], T | None], timeout_s: float, what: str) -> T:
    """Return the first true answer of `check`, asked ten times a second. raises: AssertionError after `timeout_s`.

    An answer that could not be had (refused connection, cut answer) counts as not yet.
    """
    pause = threading.Event()
    for _ in range(int(timeout_s / _PAUSE_S)):
        try:
            found = check()
        except httpx.TransportError:
            found = None
        if found:
            return found
        pause.wait(_PAUSE_S)
    raise AssertionError(f"not within {timeout_s} s: {what}")


def parse_utc_ms(text: str) -> int:
    """Return milliseconds since 1970 of ``2026-11-23T03:17:32.498036Z``."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def build_utc(at_ms: int) -> str:
    """Return the instant as the API writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Caller:
    """One person, signed in unless told otherwise: the demo's administrator, or whoever is named."""

    def __init__(
        self,
        product: Product,
        *,
        username: str = "",
        password: str = "",
        is_signed_in: bool = True,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """verify: which authority to believe, of a product with HTTPS."""
        self.product = product
        self.username, self.password = username or product.username, password or product.password
        self.cookie = ""
        self.origin = product.url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.origin,
            headers={"X-BK": "1", "Origin": self.origin},
            trust_env=False,
            timeout=30,
            verify=verify,
        )
        self.node = httpx.Client(
            base_url=product.node_url, headers={"Origin": self.origin}, trust_env=False, timeout=30, verify=verify
        )
        if is_signed_in:
            self.log_in()

    def log_in(self) -> None:
        said = {"username": self.username, "password": self.password}
        answer = self.http.post("/api/v1/session", json=said)
        for _ in range(5):
            if answer.status_code != 429:  # all tests log in from one address, some as often as they can
                break
            threading.Event().wait(min(float(answer.headers["retry-after"]), 60.0))
            answer = self.http.post("/api/v1/session", json=said)
        assert answer.status_code == 200, answer.text
        self._keep_cookie(answer)
        if "change_password" in answer.json().get("pending", []):  # who made the log-in knows the password
            chosen = f"own-{self.password}"
            self._keep_cookie(self.http.post("/api/v1/account/password", json={"old": self.password, "new": chosen}))
            self.password = chosen

    def prove(self) -> None:
        """Say the password again: for five minutes, what is sensitive is allowed."""
        self._keep_cookie(self.http.post("/api/v1/session/step-up", json={"password": self.password}))

    def _keep_cookie(self, answer: httpx.Response) -> None:
        """Take the session that an answer brings. httpx keeps `Secure` cookies for https only; browsers keep them on loopback."""
        assert answer.status_code == 200, answer.text
        fresh = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-bk_session=")]
        if fresh:
            self.cookie = fresh[0].partition(";")[0]
            self.http.headers["cookie"] = self.cookie

    def log_out(self) -> None:
        assert self.http.delete("/api/v1/session").status_code in (200, 204)

    def cameras(self) -> list[Json]:
        answer = self.http.get("/api/v1/cameras?connected=true")
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    def camera(self, camera: str) -> Json:
        answer = self.http.get(f"/api/v1/cameras/{camera}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def camera_at(self, port: int) -> Json:
        """Return the camera whose address has this port, once it is there."""
        return until(
            lambda: next((each for each in self.cameras() if f":{port}/" in each["address"]), None),
            20,
            f"a camera at port {port}",
        )

    def clock_camera(self) -> Json:
        """Return the camera with the true clock, once it is recorded."""
        camera = self.camera_at(self.product.port + 10474)
        self.wait_recording(camera["id"])
        return self.camera(camera["id"])

    def pattern_camera(self) -> Json:
        """Return the camera that shows the test pattern, once it is recorded."""
        camera = self.camera_at(self.product.port + 10475)
        self.wait_recording(camera["id"])
        return self.camera(camera["id"])

    def wait_recording(self, camera: str, *, after_ms: int = 0, timeout_s: float = 40) -> int:
        """Wait until frames later than `after_ms` are on disk. returns: until when it is recorded, ms."""

        def reached() -> int | None:
            main = self.camera(camera)["streams"]["main"]
            if not main or not main["recorded_until_at"]:
                return None
            at_ms = parse_utc_ms(main["recorded_until_at"])
            return at_ms if at_ms > after_ms else None

        return until(reached, timeout_s, f"{camera} recorded later than {after_ms}")

    def token(self, camera: str, act: str, profile: str = "main", **limits: str) -> str:
        item = {"camera": camera, "act": act, "profile": profile, **limits}
        answer = self.http.post("/api/v1/media/tokens", json={"items": [item]})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["items"][0]["token"]
        return token

    def open_handle(self, camera: str, act: str, profile: str = "main") -> dict[str, str]:
        """Return the header that opens the node's door."""
        answer = self.node.post("/media/session", json={"token": self.token(camera, act, profile)})
        assert answer.status_code == 200, answer.text
        return {"X-BK-Media": answer.json()["handle"]}

    def timeline(self, camera: str, handle: dict[str, str], from_at: str, to_at: str) -> Json:
        answer = self.node.get(
            f"/play/{camera}/timeline", params={"profile": "main", "from": from_at, "to": to_at}, headers=handle
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def close(self) -> None:
        self.http.close()
        self.node.close()
