"""Where viewers reach this node by UDP. Apart from the rest, so that a node which nobody asks loads nothing of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebRtcSettings:
    """host, port: what the one UDP socket listens on; port 0 takes any.

    addresses: IP addresses told to viewers, best first; none: the address that the viewer's offer arrived at.
    """

    is_on: bool = True
    host: str = "127.0.0.1"
    port: int = 0
    addresses: tuple[str, ...] = ()
