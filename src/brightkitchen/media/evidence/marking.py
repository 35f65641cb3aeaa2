"""Draws the marks of a display copy, in a jail: `python -m brightkitchen.media.evidence.marking` (docs/design/evidence.md §6).

Standard input: one line of JSON, the font's bytes, the JPEG. Standard output: the marked JPEG. One picture, then it ends.
The strip with the marks lies below the picture: nothing of ours covers what the camera burnt in.
"""

import io
import sys
from typing import Final

import msgspec
from PIL import Image, ImageDraw, ImageFont, JpegImagePlugin

from brightkitchen.media.decode.jail import enter_jail

QUALITY: Final = 88
MAX_PIXELS: Final = 8192 * 8192
_BACKGROUND: Final = (16, 21, 28)
_INK: Final = (236, 240, 246)
_CHARS_A_LINE: Final = 52
_SMALLEST_PX: Final = 11
_USUAL_PX: Final = 14


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """font_bytes: 0 = none, then letters of the built-in font. lines: from top to bottom."""

    lines: tuple[str, ...]
    font_bytes: int
    jpeg_bytes: int


def main() -> None:
    """Read, enter the jail, decode, draw, write."""
    head = msgspec.json.decode(sys.stdin.buffer.readline(64 * 1024), type=Head)
    font = _read_exactly(head.font_bytes)
    jpeg = _read_exactly(head.jpeg_bytes)
    Image.preinit()
    assert JpegImagePlugin.JpegImageFile.format == "JPEG"  # loaded now: nothing can be imported in the jail
    _mark(_build_sample(), head.lines, font)  # the whole way once, so that everything it needs is loaded
    enter_jail()
    sys.stdout.buffer.write(_mark(jpeg, head.lines, font))
    sys.stdout.buffer.flush()


def _read_exactly(size_bytes: int) -> bytes:
    data = sys.stdin.buffer.read(size_bytes)
    if len(data) != size_bytes:
        raise SystemExit("the parent left")
    return data


def _build_sample() -> bytes:
    sample = io.BytesIO()
    Image.new("RGB", (64, 64)).save(sample, "JPEG", quality=QUALITY)
    return sample.getvalue()


def _mark(jpeg: bytes, lines: tuple[str, ...], font_bytes: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise SystemExit("the picture is too large")
        picture = opened.convert("RGB")
    size_px = max(_USUAL_PX, picture.width // _CHARS_A_LINE)
    font = _fit(font_bytes, size_px, lines, picture.width)
    line_px = int(font.size * 1.5)
    strip_px = line_px * len(lines) + line_px // 2
    marked = Image.new("RGB", (picture.width, picture.height + strip_px), _BACKGROUND)
    marked.paste(picture, (0, 0))
    draw = ImageDraw.Draw(marked)
    for number, line in enumerate(lines):
        draw.text((line_px // 2, picture.height + line_px // 3 + number * line_px), line, font=font, fill=_INK)
    written = io.BytesIO()
    marked.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _fit(font_bytes: bytes, size_px: int, lines: tuple[str, ...], width_px: int) -> ImageFont.FreeTypeFont:
    """Return the font in the largest size, up to `size_px`, in which every line fits."""
    while True:
        font = _load(font_bytes, size_px)
        if size_px <= _SMALLEST_PX or max(font.getlength(line) for line in lines) + 1.5 * size_px <= width_px:
            return font
        size_px -= 1


def _load(font_bytes: bytes, size_px: int) -> ImageFont.FreeTypeFont:
    if font_bytes:
        return ImageFont.truetype(io.BytesIO(font_bytes), size_px, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


if __name__ == "__main__":
    main()
