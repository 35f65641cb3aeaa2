"""What a unit says of itself in a log."""

from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit


def test_unit_shows_track_time_and_size_not_its_data() -> None:
    assert repr(AccessUnit(0, 3600, b"secret", True, Utc(0))) == "<AccessUnit track=0 pts=3600 key 6 bytes>"
    assert repr(AccessUnit(1, 1, b"", False, Utc(0))) == "<AccessUnit track=1 pts=1 0 bytes>"
