"""What the board says of cameras in trouble."""

from brightkitchen.domain.cameras.live import MAX_TROUBLED, LiveBoard, Trouble
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.ids import CameraId


def _report(camera: str, state: CameraState, *, profile: str = "main", recording: bool = False) -> StreamReport:
    return StreamReport(camera=camera, profile=profile, state=state, recording=recording)


def test_trouble_names_failing_and_unrecorded_main_streams_only() -> None:
    board = LiveBoard()
    for each in (
        _report("cam_a", CameraState.OFFLINE),
        _report("cam_b", CameraState.DEGRADED),
        _report("cam_c", CameraState.LIVE),
        _report("cam_d", CameraState.LIVE, recording=True),
        _report("cam_d", CameraState.OFFLINE, profile="sub"),
        _report("cam_e", CameraState.CONNECTING),
        _report("cam_f", CameraState.STANDBY),
        _report("cam_g", CameraState.OFFLINE, profile="sub"),
    ):
        board.note(each)
    assert board.find_trouble() == Trouble((CameraId("cam_a"), CameraId("cam_b")), (CameraId("cam_c"),))


def test_trouble_after_recovery_is_gone() -> None:
    board = LiveBoard()
    board.note(_report("cam_a", CameraState.OFFLINE))
    board.note(_report("cam_a", CameraState.LIVE, recording=True))
    assert board.find_trouble() == Trouble()


def test_trouble_of_more_cameras_than_a_statement_takes_is_cut() -> None:
    board = LiveBoard()
    for number in range(MAX_TROUBLED + 5):
        board.note(_report(f"cam_{number}", CameraState.OFFLINE if number % 2 else CameraState.LIVE))
    found = board.find_trouble()
    assert len(found.failing) + len(found.unrecorded) == MAX_TROUBLED
