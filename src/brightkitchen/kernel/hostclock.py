"""What the kernel says of this host's clock: whether somebody keeps it right, and how wrong it may be (S30)."""

import ctypes
import struct
from typing import Final

from brightkitchen.kernel.evidence import UNKNOWN, ClockFact

SYNCHRONISED: Final = "synchronised"
UNSYNCHRONISED: Final = "unsynchronised"
_TIMEX_BYTES: Final = 256  # struct timex is 208 on 64-bit Linux
_MAX_ERROR_AT: Final = 24
_STATUS_AT: Final = 40
_STA_UNSYNC: Final = 0x40
_TIME_ERROR: Final = 5


def read_host_clock() -> ClockFact:
    """Ask `adjtimex(2)` without changing anything. The error is the kernel's upper bound; None where there is no keeper to know it."""
    if ctypes.sizeof(ctypes.c_long) != 8:
        return ClockFact(state=UNKNOWN)
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(buffer))
    except (OSError, AttributeError):
        return ClockFact(state=UNKNOWN)
    if state < 0:
        return ClockFact(state=UNKNOWN)
    (error_us,) = struct.unpack_from("q", buffer, _MAX_ERROR_AT)
    (status,) = struct.unpack_from("i", buffer, _STATUS_AT)
    if state == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockFact(state=UNSYNCHRONISED)
    return ClockFact(state=SYNCHRONISED, error_us=error_us)
