"""The picture as the encoder wants it, YUV 4:2:0 planes, and patches laid over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .lens import F32

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]

# BT.709, limited range
_TO_Y = np.array([0.1826, 0.6142, 0.0620], np.float32)
_TO_U = np.array([-0.1006, -0.3386, 0.4392], np.float32)
_TO_V = np.array([0.4392, -0.3989, -0.0403], np.float32)


@dataclass(frozen=True, slots=True)
class Patch:
    """A premultiplied layer at even pixel (left, top): new = old * keep / 256 + add, for Y and for halved U, V."""

    left: int
    top: int
    depth_m: float
    keep: U16
    add: U16
    keep_half: U16
    add_u: U16
    add_v: U16

    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.keep.shape[1], self.keep.shape[0]


def _halve(plane: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    return np.asarray(
        (plane[0::2, 0::2] + plane[1::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 1::2]) * np.float32(0.25)
    )


def build_patch(left: int, top: int, rgb: U8, alpha: U8, shade: F32 | None = None, *, depth_m: float = 0.0) -> Patch:
    """A patch from premultiplied colour (h, w, 3), coverage (h, w) and darkness 0..1 under it; even sizes."""
    cover = alpha.astype(np.float32) / 255
    colour = rgb.astype(np.float32)
    y = colour @ _TO_Y + 16 * cover
    u, v = colour @ _TO_U + 128 * cover, colour @ _TO_V + 128 * cover
    keep = 1 - cover
    dark = keep if shade is None else keep * (1 - shade)
    if shade is not None:
        y = y + 16 * (keep - dark)
    # black under a shadow has neutral chroma
    half_keep = _halve(dark)
    neutral = 128 * (_halve(keep) - half_keep)
    return Patch(
        left,
        top,
        depth_m,
        (dark * 256 + 0.5).astype(np.uint16),
        (y * 256).astype(np.uint16),
        (half_keep * 256 + 0.5).astype(np.uint16),
        np.clip((_halve(u) + neutral) * 256, 0, 65535).astype(np.uint16),
        np.clip((_halve(v) + neutral) * 256, 0, 65535).astype(np.uint16),
    )


class Canvas:
    """Planes of one picture: y (h, w), u and v (h/2, w/2), uint8, limited range."""

    def __init__(self, y: U8, u: U8, v: U8) -> None:
        self.y, self.u, self.v = y, u, v

    @classmethod
    def from_rgb(cls, rgb: U8) -> Canvas:
        """From (h, w, 3) uint8 with even sizes."""
        colour = rgb.astype(np.float32)
        y = colour @ _TO_Y + 16.5
        u, v = _halve(colour @ _TO_U) + 128.5, _halve(colour @ _TO_V) + 128.5
        return cls(y.astype(np.uint8), u.astype(np.uint8), v.astype(np.uint8))

    def copy(self) -> Canvas:
        """An independent picture."""
        return Canvas(self.y.copy(), self.u.copy(), self.v.copy())

    def lay(self, patch: Patch) -> None:
        """Lay a patch over the picture; it must lie inside."""
        width, height = patch.size_px()
        y = self.y[patch.top : patch.top + height, patch.left : patch.left + width]
        y[:] = (y * patch.keep + patch.add) >> 8
        top, left = patch.top // 2, patch.left // 2
        for plane, add in ((self.u, patch.add_u), (self.v, patch.add_v)):
            part = plane[top : top + height // 2, left : left + width // 2]
            part[:] = (part * patch.keep_half + add) >> 8

    def to_rgb(self) -> U8:
        """Back to (h, w, 3) uint8 RGB, for looking at."""
        y = (self.y.astype(np.float32) - 16) * 1.1644
        u = np.repeat(np.repeat(self.u, 2, 0), 2, 1).astype(np.float32) - 128
        v = np.repeat(np.repeat(self.v, 2, 0), 2, 1).astype(np.float32) - 128
        rgb = np.stack([y + 1.7927 * v, y - 0.2132 * u - 0.5329 * v, y + 2.1124 * u], -1)
        return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)

    def to_yuv420p(self) -> U8:
        """One array (h * 3 / 2, w) as PyAV takes it."""
        height, width = self.y.shape
        return np.concatenate([self.y, self.u.reshape(height // 4, width), self.v.reshape(height // 4, width)])
