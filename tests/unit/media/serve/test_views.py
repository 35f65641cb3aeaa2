"""What a node counts as watched, second by second, and how it reaches control exactly once."""

import pytest

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.kernel.nodeprotocol import ViewReport
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.serve.views import MAX_BATCH, MAX_WAITING, RESEND_S, ViewLog

START_AT = ManualClock().utc()


def claims(act: Act, *, sid: str = "sid_1", camera: str = "cam_1") -> MediaClaims:
    return MediaClaims(
        kid="k",
        iss="control",
        aud="node-0",
        cam=camera,
        act=act,
        prof="main",
        sid=sid,
        cls="officer",
        iat=START_AT,
        exp=START_AT,
        jti="j",
        org="",
        wm="w",
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def views(clock: ManualClock) -> ViewLog:
    return ViewLog(clock, SeededEntropy(1))


def told(views: ViewLog) -> list[tuple[str, int, int]]:
    """Take everything, as control would; return act, seconds and count of each."""
    return [(report.act, report.seconds, report.count) for report in reports(views)]


def reports(views: ViewLog) -> list[ViewReport]:
    taken: list[ViewReport] = []
    while (message := views.take()) is not None:
        taken += message.reports
        views.keep(message.request)
    return taken


def test_live_viewer_counts_from_first_to_last(views: ViewLog, clock: ManualClock) -> None:
    view = views.begin(claims(Act.LIVE))
    clock.jump(83)
    views.end(view)
    views.end(view)
    (report,) = reports(views)
    assert (report.act, report.camera, report.sid, report.profile) == ("live", "cam_1", "sid_1", "main")
    assert (report.started_at, report.ended_at) == (START_AT, START_AT + 83 * US_PER_S)
    assert (report.seconds, report.count) == (83, 1)


def test_long_live_view_is_told_in_pieces_of_ten_minutes_without_a_hole(views: ViewLog, clock: ManualClock) -> None:
    view = views.begin(claims(Act.LIVE))
    for _ in range(26 * 12):
        clock.jump(5)
        views.sweep()
    views.end(view)
    taken = reports(views)
    assert [report.seconds for report in taken] == [600, 600, 360]
    assert [report.started_at for report in taken[1:]] == [report.ended_at for report in taken[:-1]]
    assert len({report.view for report in taken}) == 3


def test_played_pieces_are_gathered_and_pauses_do_not_count(views: ViewLog, clock: ManualClock) -> None:
    for second in range(0, 30, 2):
        views.note(claims(Act.PLAY), Utc(START_AT + second), Utc(START_AT + second + 2))
        clock.jump(2)
    clock.jump(40)  # paused
    for _ in range(5):
        views.note(claims(Act.PLAY))
        clock.jump(2)
    views.sweep()
    assert told(views) == []
    clock.jump(60)
    views.sweep()
    (report,) = reports(views)
    assert (report.act, report.seconds, report.count) == ("play", 28 + 8, 20)
    assert (report.from_at, report.to_at) == (START_AT, START_AT + 30)


def test_pictures_are_told_a_minute_later_each_counted(views: ViewLog, clock: ManualClock) -> None:
    for number in range(70):
        views.note(claims(Act.SNAPSHOT if number % 2 else Act.THUMB))
        clock.jump(1)
        views.sweep()
    clock.jump(60)
    views.sweep()
    taken = told(views)
    assert sum(count for _, _, count in taken) == 70
    assert {act for act, _, _ in taken} == {"snapshot", "thumb"}
    assert len(taken) == 4


def test_sessions_and_cameras_are_told_apart(views: ViewLog, clock: ManualClock) -> None:
    for sid in ("sid_1", "sid_2"):
        for camera in ("cam_1", "cam_2"):
            views.note(claims(Act.SNAPSHOT, sid=sid, camera=camera))
    views.close()
    assert len({(report.sid, report.camera) for report in reports(views)}) == 4


def test_what_control_has_not_confirmed_is_said_again_and_never_beside(views: ViewLog, clock: ManualClock) -> None:
    views.note(claims(Act.SNAPSHOT))
    views.close()
    first = views.take()
    assert first is not None
    assert views.take() is None
    clock.jump(RESEND_S)
    again = views.take()
    assert again is not None
    assert again.reports == first.reports
    views.keep(first.request)  # an answer to a message that was given up
    assert len(views) == 1
    views.forget_sending()
    third = views.take()
    assert third is not None
    views.keep(third.request)
    assert (len(views), views.take()) == (0, None)


def test_buffer_is_bounded_drops_the_oldest_and_says_how_many(views: ViewLog, clock: ManualClock) -> None:
    for number in range(MAX_WAITING + 7):
        views.end(views.begin(claims(Act.LIVE, sid=f"sid_{number}")))
    assert (len(views), views.lost_ever) == (MAX_WAITING, 7)
    message = views.take()
    assert message is not None
    assert (message.lost, len(message.reports), message.reports[0].sid) == (7, MAX_BATCH, "sid_7")
    views.end(views.begin(claims(Act.LIVE, sid="sid_last")))  # drops one of those that are on their way
    views.keep(message.request)
    following = views.take()
    assert following is not None
    assert (following.lost, following.reports[0].sid) == (1, f"sid_{7 + MAX_BATCH}")
