"""How long a volume will do."""

import msgspec
import pytest

from brightkitchen.domain.recording.nodes import DAY_S, forecast, kept_days
from brightkitchen.kernel.recordingplan import VolumeState
from brightkitchen.kernel.units import US_PER_S, Utc

GB = 10**9
VOLUME = VolumeState(
    name="store", state="ok", used_bytes=200 * GB, room_bytes=100 * GB, written_bytes=10 * GB, written_s=DAY_S
)


def test_forecast_of_volume_with_room_for_all_that_is_asked_is_never_full() -> None:
    found = forecast(VOLUME, 30)
    assert found is not None
    assert found.lasts_days == pytest.approx(30)
    assert found.full_in_s is None
    assert found.rate_bps == round(10 * GB * 8 / DAY_S)


def test_forecast_of_volume_that_is_too_small_says_when_it_is_full() -> None:
    found = forecast(VOLUME, 31)
    assert found is not None
    assert found.full_in_s == 10 * DAY_S
    assert found.lasts_days == pytest.approx(30)


def test_forecast_of_volume_without_room_is_full_now() -> None:
    found = forecast(msgspec.structs.replace(VOLUME, room_bytes=0), 30)
    assert found is not None
    assert found.full_in_s == 0


@pytest.mark.parametrize("changes", [{"written_s": 599}, {"written_bytes": 0}, {"state": "missing"}])
def test_forecast_without_enough_to_measure_is_not_made(changes: dict[str, object]) -> None:
    assert forecast(msgspec.structs.replace(VOLUME, **changes), 30) is None


def test_kept_days_count_from_the_oldest_recording() -> None:
    now = Utc(100 * DAY_S * US_PER_S)
    assert kept_days(VOLUME, now) is None
    assert kept_days(msgspec.structs.replace(VOLUME, oldest_at=Utc(now - 36 * 3600 * US_PER_S)), now) == 1.5
