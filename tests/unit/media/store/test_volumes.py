"""Where cameras go among volumes, and what the settings mean for one node."""

from collections import Counter
from pathlib import Path

import pytest

from brightkitchen.bootstrap.node import store_rules
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.media.store.files import Files
from brightkitchen.media.store.volumes import Volume, VolumePlace, Volumes


class NoFiles(Files):
    """Stands for a folder that is there; nobody may use it."""


def volumes_of(*sizes: int) -> Volumes:
    return Volumes(
        [Volume(no, f"v{no}", files=NoFiles(), total_bytes=size) for no, size in enumerate(sizes, start=1)]  # type: ignore[abstract]
    )


def cameras(count: int) -> list[StreamKey]:
    return [StreamKey(CameraId(f"cam_{number:016d}"), Profile.MAIN) for number in range(count)]


def test_cameras_are_shared_out_by_size() -> None:
    volumes = volumes_of(1000, 3000)
    counts = Counter(volumes.choose(key).no for key in cameras(4000))
    assert 0.22 < counts[1] / 4000 < 0.28


def test_volume_that_goes_away_moves_its_own_cameras_only() -> None:
    volumes = volumes_of(1000, 1000, 1000)
    before = {key: volumes.choose(key).no for key in cameras(300)}
    volumes.all[1].files = None
    after = {key: volumes.choose(key).no for key in cameras(300)}
    assert all(after[key] == number for key, number in before.items() if number != 2)
    assert {after[key] for key, number in before.items() if number == 2} == {1, 3}


def test_volume_that_refused_is_the_last_resort() -> None:
    volumes = volumes_of(1000, 1000)
    volumes.all[0].is_failing = True
    assert {volumes.choose(key).no for key in cameras(50)} == {2}
    volumes.all[1].has_room = False
    assert {volumes.choose(key).no for key in cameras(50)} == {1}
    assert not volumes.can_write
    volumes.all[0].has_room = False
    with pytest.raises(OSError, match="reserve"):
        volumes.choose(cameras(1)[0])
    for volume in volumes.all:
        volume.files = None
    with pytest.raises(OSError, match="no volume"):
        volumes.choose(cameras(1)[0])


def test_settings_are_shared_out_among_nodes() -> None:
    disk = {"name": "disk-2", "path": "/mnt/disk-2", "quota_gb": 4.0}
    flags: dict[str, object] = {"media.nodes": 2, "store.quota_gb": 10.0, "store.volumes": [disk]}
    rules = store_rules(load_config(None, {}, flags), "node-1")
    assert rules.places == (VolumePlace("disk-2", Path("/mnt/disk-2/node-1"), 2_000_000_000),)
    assert (rules.quota_bytes, rules.room.mark(10**12), rules.room.mark(10**9)) == (5 * 10**9, 2 * 10**10, 2 * 10**9)
