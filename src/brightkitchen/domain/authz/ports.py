"""What minting media tokens needs from elsewhere."""

from dataclasses import dataclass
from typing import Protocol

from brightkitchen.kernel.units import Utc


@dataclass(frozen=True, slots=True)
class MediaGrant:
    """One permission to fetch media: one camera, one act, one profile.

    node: the node that serves the camera. origin: the page's origin. watermark: random pseudonym of the viewer.
    from_at, to_at: the range of playback, or None.
    """

    node: str
    camera: str
    act: str
    profile: str
    origin: str
    session: str
    viewer_class: str
    watermark: str
    from_at: Utc | None = None
    to_at: Utc | None = None


class KeyListener(Protocol):
    """Somebody who must know the public keys before the first token signed by them arrives."""

    async def keys_changed(self) -> None: ...
