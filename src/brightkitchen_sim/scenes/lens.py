"""The surveillance camera's lens: where a pixel looks and where a point of the room appears."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tan

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lens:
    """A fixed camera. `eye_m` and `target_m` in room metres; `barrel` is the radial distortion of a cheap wide lens."""

    eye_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    hfov_deg: float = 84.0
    barrel: float = 0.07
    roll: float = 0.0

    def axes(self) -> tuple[F32, F32, F32]:
        """Unit vectors right, up and forward of the camera in room axes."""
        forward = np.asarray(self.target_m, np.float64) - np.asarray(self.eye_m, np.float64)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        c, s = np.cos(self.roll), np.sin(self.roll)
        right, up = c * right + s * up, c * up - s * right
        return right.astype(np.float32), up.astype(np.float32), forward.astype(np.float32)

    def focal(self) -> float:
        """Focal length in units of the picture's width, chosen so that the distorted edge shows `hfov_deg`."""
        half = tan(radians(self.hfov_deg / 2))
        radius = half
        for _ in range(8):
            radius = half / (1 + self.barrel * radius * radius)
        return 0.5 / radius

    def rays(self, px: F32, py: F32, width_px: int, height_px: int) -> F32:
        """Unit directions (n, 3) through pixel positions (n,), which may be fractional."""
        f = self.focal() * width_px
        x = (px - width_px / 2) / f
        y = (py - height_px / 2) / f
        bend = 1 + self.barrel * (x * x + y * y)
        right, up, forward = self.axes()
        out = (x * bend)[:, None] * right - (y * bend)[:, None] * up + forward
        out /= np.sqrt((out * out).sum(1, keepdims=True))
        return out.astype(np.float32)

    def project(self, points: npt.ArrayLike, width_px: int, height_px: int) -> tuple[F32, F32, F32]:
        """Pixel x, y and depth along the axis of points (n, 3). Depth <= 0 means behind the camera."""
        rel = np.asarray(points, np.float32).reshape(-1, 3) - np.asarray(self.eye_m, np.float32)
        right, up, forward = self.axes()
        depth = rel @ forward
        safe = np.maximum(depth, 0.05)
        x, y = (rel @ right) / safe, -(rel @ up) / safe
        ideal = np.minimum(np.sqrt(x * x + y * y), 4.0)
        seen = ideal.copy()
        for _ in range(6):
            seen -= (seen + self.barrel * seen**3 - ideal) / (1 + 3 * self.barrel * seen * seen)
        ratio = seen / np.maximum(ideal, 1e-6)
        f = self.focal() * width_px
        return (
            (x * ratio * f + width_px / 2).astype(np.float32),
            (y * ratio * f + height_px / 2).astype(np.float32),
            depth.astype(np.float32),
        )
