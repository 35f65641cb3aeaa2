"""Burned-in text like a camera's, and pictures with text for the walls. Falls back to English without a CJK font."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .canvas import U8, Patch, build_patch

CJK_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def find_cjk_font(candidates: tuple[str, ...] = CJK_FONTS) -> str | None:
    """The first font file that exists, or None."""
    return next((name for name in candidates if Path(name).is_file()), None)


@lru_cache(maxsize=32)
def load_font(size_px: int, path: str | None) -> Font:
    """The font at `path`, or Pillow's own Latin font when `path` is None or unreadable."""
    if path is not None:
        try:
            return ImageFont.truetype(path, size_px)
        except OSError:
            pass
    return ImageFont.load_default(size_px)


def choose_text(chinese: str, english: str, font_path: str | None) -> str:
    """The Chinese text when it can be drawn, else the English one."""
    return chinese if font_path is not None else english


def draw_text(text: str, at: tuple[int, int], size_px: int, font_path: str | None, *, right: bool = False) -> Patch:
    """White text with a thin dark outline; `at` is the left (or right) top corner and is made even."""
    font = load_font(size_px, font_path)
    box = font.getbbox(text)
    pad = max(2, size_px // 12)
    width = (int(box[2]) + 2 * pad + 1) & ~1
    height = (int(box[3]) + 2 * pad + 1) & ~1
    image = Image.new("LA", (width, height), (0, 0))
    outline = max(1, size_px // 20)
    ImageDraw.Draw(image).text(
        (pad, pad), text, font=font, fill=(245, 255), stroke_width=outline, stroke_fill=(20, 210)
    )
    pixels = np.asarray(image).astype(np.uint16)
    alpha = pixels[..., 1].astype(np.uint8)
    grey = (pixels[..., 0] * pixels[..., 1] // 255).astype(np.uint8)
    left, top = at
    if right:
        left -= width
    return build_patch(max(left, 0) & ~1, max(top, 0) & ~1, np.repeat(grey[..., None], 3, 2), alpha)


def _fit(text: str, size_px: int, width_px: int, font_path: str | None) -> Font:
    """The font at `size_px`, or smaller so that the text is at most `width_px` wide."""
    wide = load_font(size_px, font_path).getbbox(text)[2]
    return load_font(max(8, min(size_px, int(size_px * width_px / max(wide, 1)))), font_path)


def draw_notice(
    title: str,
    lines: tuple[str, ...],
    colour: tuple[int, int, int],
    font_path: str | None,
    size: tuple[int, int] = (360, 240),
) -> U8:
    """A printed wall notice, (h, w, 3) uint8: coloured head with a title, and lines of text or grey bars."""
    width, height = size
    image = Image.new("RGB", size, (242, 243, 240))
    draw = ImageDraw.Draw(image)
    head = height // 5 if lines else height
    draw.rectangle((0, 0, width, head), fill=colour)
    draw.text(
        (width / 2, head / 2),
        title,
        font=_fit(title, int(head * 0.62), width - 24, font_path),
        fill=(255, 255, 255),
        anchor="mm",
    )
    step = (height - head - 12) / max(len(lines), 1)
    for n, line in enumerate(lines):
        y = head + 10 + n * step
        draw.text((14, y), line, font=_fit(line, max(10, int(step * 0.55)), width - 28, font_path), fill=(50, 52, 60))
        draw.line((14, y + step * 0.86, width - 14, y + step * 0.86), fill=(205, 208, 212))
    draw.rectangle((0, 0, width - 1, height - 1), outline=(120, 125, 130), width=3)
    return np.asarray(image)
