"""A true clock in the picture, readable by a person and by a program.

For the person: the date and HH:MM:SS.mmm in China Standard Time (UTC+8) as seven-segment digits, white on black.

For the program: a row of 60 blocks that carries the milliseconds since 1970-01-01T00:00:00Z.
All measures are in cells; a cell is `width // 80` pixels square (16 px at 1280x720, 8 px at 640x360).

    black band   columns 8..71 (64 cells), rows 1..4 (4 cells): x = 8*cell, y = 1*cell, 64*cell wide, 4*cell high
    block i      i = 0..59, from the left: x = (10+i)*cell, y = 2*cell, 1 cell wide, 2 cells high
    block 0      white: its brightness is W           block 1    black: its brightness is B
    block 2..49  48 bits of the time, most significant bit first; white = 1
    block 50..57 CRC-8 of those 6 bytes, most significant bit first (polynomial 0x07, start 0x00, not reflected, no xor)
    block 58     white                                block 59   black

To read a block: mean of its luma 0.299 R + 0.587 G + 0.114 B over the middle half of its width and of its height, that
is x from (10+i)*cell + cell/4 to (10+i)*cell + 3*cell/4, y from 2*cell + cell/2 to 2*cell + 3*cell/2 (all exact
integers, ends excluded). The threshold is (W + B) / 2. There is no reading when W - B < 64, when block 58 is not
above or block 59 not below the threshold, or when the CRC is wrong.
"""

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

CELLS_ACROSS = 80
BAND_COLUMN, BAND_ROW, BAND_CELLS, BAND_ROWS = 8, 1, 64, 4
FIRST_COLUMN, BLOCK_ROW, BLOCK_ROWS = 10, 2, 2
TIME_BITS, CRC_BITS = 48, 8
BLOCKS = 2 + TIME_BITS + CRC_BITS + 2
MIN_CONTRAST = 64
MAX_UTC_MS = 253_402_214_399_999  # the calendar ends with the year 9999
_WHITE, _BLACK = 235, 16
_CHINA = datetime.timezone(datetime.timedelta(hours=8))

# The segments of each digit: a top, b upper right, c lower right, d bottom, e lower left, f upper left, g middle.
_SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


def draw_clock(frame: Picture, utc_ms: int) -> None:
    """Draw the clock for `utc_ms` (milliseconds since 1970, at most MAX_UTC_MS) into `frame`, in place.

    frame: uint8 of shape (height, width, 3) or (height, width); the width is a multiple of 80, at least 320.
    Raises ValueError for another width or an impossible time.
    """
    cell = _cell_of(frame.shape[1])
    if not 0 <= utc_ms <= MAX_UTC_MS:
        raise ValueError(f"no time of {utc_ms} ms")
    _fill(frame, cell, BAND_COLUMN, BAND_ROW, BAND_CELLS, BAND_ROWS, _BLACK)
    bits = build_blocks(utc_ms)
    row = np.repeat(np.where(bits, _WHITE, _BLACK).astype(np.uint8), cell)
    top, left = BLOCK_ROW * cell, FIRST_COLUMN * cell
    area = frame[top : top + BLOCK_ROWS * cell, left : left + BLOCKS * cell]
    area[...] = row if frame.ndim == 2 else row[:, np.newaxis]
    _draw_text(frame, cell, utc_ms)


def read_clock(picture: npt.NDArray[np.uint8]) -> int | None:
    """Return the milliseconds since 1970 that the blocks say, or None when they cannot be read.

    picture: uint8 of shape (height, width, 3) RGB, or (height, width) luma, of the size it was drawn in.
    """
    try:
        cell = _cell_of(picture.shape[1])
    except ValueError:
        return None
    if picture.shape[0] < (BLOCK_ROW + BLOCK_ROWS) * cell:
        return None
    top = BLOCK_ROW * cell + cell // 2
    left = FIRST_COLUMN * cell
    strip: Any = picture[top : top + cell, left : left + BLOCKS * cell].astype(np.float64)
    if strip.ndim == 3:
        strip = strip @ np.array([0.299, 0.587, 0.114])
    means = strip.reshape(cell, BLOCKS, cell)[:, :, cell // 4 : cell - cell // 4].mean(axis=(0, 2))
    white, black = float(means[0]), float(means[1])
    if white - black < MIN_CONTRAST:
        return None
    bits = means > (white + black) / 2
    if not bits[BLOCKS - 2] or bits[BLOCKS - 1]:
        return None
    number = int("".join("1" if bit else "0" for bit in bits[2 : BLOCKS - 2]), 2)
    utc_ms, crc = number >> CRC_BITS, number & 0xFF
    return utc_ms if crc8(utc_ms.to_bytes(6, "big")) == crc else None


def build_blocks(utc_ms: int) -> npt.NDArray[np.bool_]:
    """Return the 60 blocks, True for white."""
    number = utc_ms << CRC_BITS | crc8(utc_ms.to_bytes(6, "big"))
    bits = [number >> i & 1 for i in range(TIME_BITS + CRC_BITS - 1, -1, -1)]
    return np.array([1, 0, *bits, 1, 0], dtype=np.bool_)


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _cell_of(width_px: int) -> int:
    cell, rest = divmod(width_px, CELLS_ACROSS)
    if rest or cell < 4 or cell % 4:
        raise ValueError(f"a picture {width_px} px wide has no whole cells")
    return cell


def _draw_text(frame: Picture, cell: int, utc_ms: int) -> None:
    moment = datetime.datetime.fromtimestamp(utc_ms // 1000, _CHINA)
    _fill(frame, cell, BAND_COLUMN, 6, BAND_CELLS, 15, _BLACK)
    _draw_line(frame, cell, f"{moment:%Y-%m-%d}", column=28.0, row=7.0, digit_cells=2)
    _draw_line(frame, cell, f"{moment:%H:%M:%S}.{utc_ms % 1000:03d}", column=13.6, row=12.0, digit_cells=4)


def _draw_line(frame: Picture, cell: int, text: str, *, column: float, row: float, digit_cells: float) -> None:
    """Draw digits `digit_cells` wide and twice as high; signs between them take less."""
    thick = digit_cells / 5
    for sign in text:
        if sign.isdigit():
            for segment in _SEGMENTS[int(sign)]:
                _fill(frame, cell, *_place_segment(segment, column, row, digit_cells, thick), _WHITE)
            column += digit_cells * 1.3
            continue
        if sign == "-":
            _fill(frame, cell, column, row + digit_cells - thick / 2, digit_cells * 0.6, thick, _WHITE)
        if sign == ":":
            _fill(frame, cell, column + thick / 2, row + digit_cells * 0.5, thick, thick, _WHITE)
        if sign in ":.":
            _fill(
                frame,
                cell,
                column + thick / 2,
                row + digit_cells * 2 - thick * (2.5 if sign == ":" else 1),
                thick,
                thick,
                _WHITE,
            )
        column += digit_cells * (0.9 if sign == "-" else 0.6)


def _place_segment(
    segment: str, column: float, row: float, digit: float, thick: float
) -> tuple[float, float, float, float]:
    """Return (column, row, width, height) of a segment, in cells."""
    right, middle, bottom = column + digit - thick, row + digit - thick / 2, row + 2 * digit - thick
    half = digit
    places = {
        "a": (column, row, digit, thick),
        "g": (column, middle, digit, thick),
        "d": (column, bottom, digit, thick),
        "f": (column, row, thick, half),
        "b": (right, row, thick, half),
        "e": (column, row + half, thick, half),
        "c": (right, row + half, thick, half),
    }
    return places[segment]


def _fill(frame: Picture, cell: int, column: float, row: float, width: float, height: float, value: int) -> None:
    top, left = round(row * cell), round(column * cell)
    frame[top : top + round(height * cell), left : left + round(width * cell)] = value
