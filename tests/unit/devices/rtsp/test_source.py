import pytest

from brightkitchen.devices.ports import StreamAddress
from brightkitchen.devices.rtsp.source import BackOff, follow_redirect
from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import Reason
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import Profile

LOGIN = Credential(camera="cam_1", host="10.0.0.5", username="u", password="p")


def address(*, tls: bool = False) -> StreamAddress:
    return StreamAddress("cam_1", Profile.MAIN, "10.0.0.5", 554, tls, "/p", "auto", True, False, LOGIN)


class _Highest:
    """Always draws the upper end."""

    def token_bytes(self, size_bytes: int) -> bytes:
        return bytes(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        return high


def test_back_off_ceiling_doubles_up_to_thirty_seconds() -> None:
    back_off = BackOff(_Highest())
    assert [back_off.next_delay_s(Reason.ENDED) for _ in range(7)] == [2, 4, 8, 16, 30, 30, 30]
    back_off.reset()
    assert back_off.next_delay_s(Reason.PORT_CLOSED) == 2


def test_back_off_wrong_password_waits_a_minute_and_more() -> None:
    back_off = BackOff(SeededEntropy(3))
    delays = [back_off.next_delay_s(Reason.WRONG_PASSWORD) for _ in range(9)]
    assert all(
        low <= delay <= 1.5 * low
        for delay, low in zip(delays, [60, 120, 240, 480, 900, 900, 900, 900, 900], strict=True)
    )
    assert back_off.next_delay_s(Reason.INSECURE_AUTH) >= 900


def test_back_off_two_hundred_cameras_come_back_apart() -> None:
    entropy = SeededEntropy(5)
    first = sorted(BackOff(entropy).next_delay_s(Reason.ENDED) for _ in range(200))
    assert first[0] >= 0.1 and first[-1] <= 2.0
    assert max(sum(start <= delay < start + 0.1 for delay in first) for start in first) < 30


def test_redirect_on_the_same_host_keeps_the_login() -> None:
    found = follow_redirect(address(), "rtsp://x:y@10.0.0.5:8554/q")
    assert (found.host, found.port, found.path, found.credential) == ("10.0.0.5", 8554, "/q", LOGIN)


@pytest.mark.parametrize(("tls", "location"), [(False, "rtsp://10.0.0.6/q"), (True, "rtsp://10.0.0.5/q")])
def test_redirect_elsewhere_or_out_of_tls_takes_no_login_along(tls: bool, location: str) -> None:
    assert follow_redirect(address(tls=tls), location).credential is None


@pytest.mark.parametrize("location", ["", "http://10.0.0.5/", "file:///etc/passwd"])
def test_redirect_to_something_else_than_rtsp_is_refused(location: str) -> None:
    with pytest.raises(BrightKitchenError):
        follow_redirect(address(), location)
