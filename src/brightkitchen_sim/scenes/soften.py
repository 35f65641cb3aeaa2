"""Blur for float pictures, which Pillow blurs only in 8 bits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .lens import F32


def blur(picture: F32, radius_px: float) -> F32:
    """Gaussian-like blur (three box passes) of (h, w) or (h, w, c) float32; edges repeat."""
    reach = max(1, round(radius_px))
    out = picture
    for _ in range(3):
        for axis in (0, 1):
            pad = [(reach + 1, reach) if a == axis else (0, 0) for a in range(out.ndim)]
            total = np.cumsum(np.pad(out, pad, mode="edge"), axis=axis, dtype=np.float64)
            n = out.shape[axis]
            high = np.take(total, np.arange(2 * reach + 1, 2 * reach + 1 + n), axis=axis)
            low = np.take(total, np.arange(n), axis=axis)
            out = ((high - low) / (2 * reach + 1)).astype(np.float32)
    return out


def resize(picture: F32, width_px: int, height_px: int, *, shrink: bool = False) -> F32:
    """Bilinear (or, to shrink, averaging) resize of (h, w) or (h, w, c) float32."""
    way = Image.Resampling.BOX if shrink else Image.Resampling.BILINEAR
    if picture.ndim == 2:
        return np.asarray(Image.fromarray(picture).resize((width_px, height_px), way), np.float32)
    return np.stack([resize(picture[..., c], width_px, height_px, shrink=shrink) for c in range(picture.shape[2])], -1)
