"""The places a store records to: its own folder, and more if the operator names them (docs/design/storage.md §8).

A volume that is not there, or is another one than was mounted there before, is refused: nothing is written to it, what lies on it is
said to be missing. The camera decides on which volume its files go, in proportion to the volumes' sizes, so that one that goes away
moves its own cameras only.
"""

import errno
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import xxhash

from brightkitchen.kernel.config import Config
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.media.store.files import Files, RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SEGMENTS
from brightkitchen.media.store.schema import OWN_VOLUME

log = get_logger(__name__)

LABEL_FILE: Final = "label"
_LABEL_BYTES: Final = 16
_RETIRED: Final = 16


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """A further folder to record to, as the operator set it. quota_bytes 0: all that the disk has."""

    name: str
    folder: Path
    quota_bytes: int = 0


def store_places(config: Config, node: str) -> tuple[VolumePlace, ...]:
    """Return the further volumes of one node: a folder of its own in each, and its share of the quota."""
    nodes = config.media.nodes
    return tuple(
        VolumePlace(volume.name, Path(volume.path) / node, int(volume.quota_gb * 10**9) // nodes)
        for volume in config.store.volumes
    )


@dataclass(slots=True, eq=False)
class Volume:
    """One place. Its fields are set by one thread each and read by all.

    files:      None while it is not there.
    epoch:      grows each time it comes back: a file opened before is on another mount.
    has_room:   more than the reserve was free at the last look (writing thread).
    mark_bytes: below it, the keeper makes room (set by the keeper).
    is_failing: the last write was refused for another reason than room (writing thread; the keeper tries again).
    """

    no: int
    name: str
    folder: Path | None = None
    label: str = ""
    quota_bytes: int = 0
    files: Files | None = None
    epoch: int = 0
    has_room: bool = True
    is_failing: bool = False
    total_bytes: int = 0
    free_bytes: int = 0
    mark_bytes: int = 0

    @property
    def is_usable(self) -> bool:
        return self.files is not None and self.has_room and not self.is_failing


@dataclass(slots=True)
class Volumes:
    """All of one store, by number. reserve_bytes: kept free on each for the rest of the machine."""

    all: list[Volume]
    reserve_bytes: int = 0
    _by_no: dict[int, Volume] = field(init=False)
    _retired: list[Files] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._by_no = {volume.no: volume for volume in self.all}

    @classmethod
    def of(cls, files: Files, *, reserve_bytes: int = 0) -> "Volumes":
        """The store's own folder alone."""
        return cls([Volume(OWN_VOLUME, "store", files=files)], reserve_bytes)

    def add(self, volume: Volume) -> None:
        self.all.append(volume)
        self._by_no[volume.no] = volume

    def get(self, number: int) -> Volume | None:
        return self._by_no.get(number)

    def files_of(self, number: int) -> Files:
        """raises: OSError(ENODEV) while that volume is not there."""
        volume = self._by_no.get(number)
        if volume is None or volume.files is None:
            raise OSError(errno.ENODEV, "the volume is not there")
        return volume.files

    @property
    def there(self) -> frozenset[int]:
        """The numbers of those that are there."""
        return frozenset(volume.no for volume in self.all if volume.files is not None)

    @property
    def missing(self) -> frozenset[int]:
        """The numbers of those that are not there."""
        return frozenset(volume.no for volume in self.all if volume.files is None)

    def publish(self, volume: Volume, files: Files) -> None:
        """It is there: it may be written to and read from."""
        volume.epoch += 1
        volume.is_failing = False
        volume.files = files

    def retire(self, volume: Volume) -> None:
        """It is not there any more. Its descriptor stays for a while: a thread may be using it."""
        files, volume.files = volume.files, None
        if files is not None:
            self._retired.append(files)
        while len(self._retired) > _RETIRED:
            self._retired.pop(0).close_root()

    def close(self) -> None:
        """Nobody uses them any more."""
        for volume in self.all:
            self.retire(volume)
        while self._retired:
            self._retired.pop().close_root()

    @property
    def has_room(self) -> bool:
        return any(volume.files is not None and volume.has_room for volume in self.all)

    @property
    def can_write(self) -> bool:
        return any(volume.is_usable for volume in self.all)

    def look_for_room(self) -> bool:
        """Ask every volume how much is free; one that does not answer has no room. Return whether one fell below its mark."""
        has_fallen = False
        for volume in self.all:
            files = volume.files
            if files is None:
                continue
            try:
                total_bytes, free_bytes = files.space()
            except OSError:
                volume.has_room = False
                continue
            has_fallen |= free_bytes < volume.mark_bytes <= volume.free_bytes
            volume.total_bytes, volume.free_bytes = total_bytes, free_bytes
            volume.has_room = free_bytes >= self.reserve_bytes
        return has_fallen

    def choose(self, key: StreamKey) -> Volume:
        """Return where a new file of this stream goes; the last resort is one that refused before.

        raises: OSError(ENOSPC or ENODEV) if none has room, or none is there.
        """
        there = [volume for volume in self.all if volume.files is not None]
        if not there:
            raise OSError(errno.ENODEV, "no volume is there")
        usable = [volume for volume in there if volume.is_usable] or [volume for volume in there if volume.has_room]
        if not usable:
            raise OSError(errno.ENOSPC, "less than the reserve is free")
        return usable[0] if len(usable) == 1 else max(usable, key=lambda volume: _score(volume, key))


def _score(volume: Volume, key: StreamKey) -> float:
    """Weighted rendezvous: the highest of all volumes gets the camera; each is the highest as often as it is large."""
    # a checksum would give volumes shares that hang together
    mixed = xxhash.xxh3_64_intdigest(f"{volume.no}/{key.camera}".encode())
    share = ((mixed >> 11) + 1) / ((1 << 53) + 2)
    weight = min(volume.quota_bytes or volume.total_bytes, volume.total_bytes or 1 << 62) or 1
    return -weight / math.log(share)


def register_volumes(index: Index, own: Files, places: Sequence[VolumePlace], entropy: Entropy) -> Volumes:
    """Return the store's own folder and `places`, each open if it is the one that was there before, and known to the index.

    A volume that the index has files on and that is set no more is missing.
    """
    known = {name: (no, label) for no, label, name in index.load_volumes()}
    labels = frozenset(label for _, label in known.values())
    volumes = Volumes.of(own)
    for number, place in enumerate(places, start=1):
        no, label = known.pop(place.name, (-number, ""))
        volume = Volume(no, place.name, place.folder, label, place.quota_bytes)
        files = open_volume(volume, entropy if no < 0 else None, known=labels)
        if files is not None and no < 0:
            volume.no = index.save_volume(volume.label, place.name)
        if files is not None:
            volumes.publish(volume, files)
        else:
            log.error("volume is not there", volume=place.name)
        volumes.add(volume)
    for name, (no, label) in known.items():
        if volumes.get(no) is None:
            volumes.add(Volume(no, name, None, label))
    return volumes


def open_volume(volume: Volume, entropy: Entropy | None = None, *, known: frozenset[str] = frozenset()) -> Files | None:
    """Open the folder of a volume if it is the one that belongs there; None if it is not.

    entropy: for a name that the index does not know: its folder is made, and gets a label of its own if it has none. A label that is
    not `known` is another store's.
    """
    if volume.folder is None:
        return None
    try:
        if entropy is not None and not volume.folder.exists():
            volume.folder.mkdir(mode=0o700)
        label = _read_label(volume.folder)
        if entropy is not None:
            if label == "":
                label = _write_label(volume.folder, entropy)
            elif label not in known:
                raise OSError(errno.EEXIST, "the label of another store")
            volume.label = label
        if label == "" or label != volume.label:
            return None
        files = RealFiles(volume.folder)
    except OSError as error:
        if entropy is not None:  # else it is looked for every few seconds
            log.warning("volume cannot be opened", volume=volume.name, errno=error.errno)
        return None
    try:
        files.make_dir((OPEN,))
        files.make_dir((SEGMENTS,))
        volume.total_bytes, volume.free_bytes = files.space()
    except OSError:
        files.close_root()
        return None
    return files


def is_still_there(volume: Volume) -> bool:
    """Look at the label under the volume's path, and whether its path is still the folder that is open."""
    files = volume.files
    if volume.folder is None or files is None:
        return files is not None
    try:
        return _read_label(volume.folder) == volume.label and files.is_folder(volume.folder)
    except OSError:
        return False


def _read_label(folder: Path) -> str:
    try:
        fd = os.open(folder / LABEL_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        folder.stat()  # the folder itself has to be there
        return ""
    try:
        return os.read(fd, 100).decode("ascii", "replace").strip()
    finally:
        os.close(fd)


def _write_label(folder: Path, entropy: Entropy) -> str:
    """raises: OSError, also if the folder holds recordings already: then its label was lost, and nobody knows whose they are."""
    if (folder / SEGMENTS).exists():
        raise OSError(errno.EEXIST, "recordings without a label")
    label = entropy.token_bytes(_LABEL_BYTES).hex()
    fd = os.open(folder / LABEL_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(fd, label.encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder_fd)
    finally:
        os.close(folder_fd)
    return label
