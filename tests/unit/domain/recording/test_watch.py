"""Why a stream that should be recorded is not, from what its node said last."""

import pytest

from brightkitchen.domain.recording.watch import find_reason
from brightkitchen.kernel.camerastate import CameraState, Reason, StreamReport
from brightkitchen.kernel.units import US_PER_S, Utc

NOW = Utc(1_800_000_000 * US_PER_S)


def report(
    state: CameraState = CameraState.LIVE, *, recording: bool = True, behind_s: int = 1, **more: object
) -> StreamReport:
    return StreamReport(
        camera="cam_0000000000000001",
        profile="main",
        state=state,
        recording=recording,
        recorded_until_at=Utc(NOW - behind_s * US_PER_S),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("said", "is_there", "reason"),
    [
        (report(), True, None),
        (report(CameraState.DEGRADED), True, None),
        (report(), False, "node_away"),
        (None, True, "unreported"),
        (report(CameraState.OFFLINE, reason=Reason.WRONG_PASSWORD), True, "wrong_password"),
        (report(CameraState.CONNECTING), True, "no_pictures"),
        (report(recording=False), True, "not_writing"),
        (report(behind_s=45), True, None),
        (report(behind_s=46), True, "behind"),
    ],
)
def test_reason(said: StreamReport | None, is_there: bool, reason: str | None) -> None:
    assert find_reason(said, is_node_there=is_there, now=NOW) == reason
