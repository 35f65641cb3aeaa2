"""Unix sockets for our own processes alone: mode 0600, in a folder of mode 0700, and the peer's user is checked."""

import socket
import struct
from pathlib import Path

from brightkitchen.kernel.errors import BrightKitchenError, Kind


def open_private_socket(path: Path) -> socket.socket:
    """Return a bound Unix socket of mode 0600. Nobody can connect before the mode is set: it does not listen yet.

    raises: BrightKitchenError "control.already_running" if somebody answers at that path.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise BrightKitchenError(Kind.CONFLICT, "control.already_running", place=str(path))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    return listener


def read_peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end of a Unix socket."""
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)
