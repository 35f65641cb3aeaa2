"""H.264 and H.265 parameter sets and NAL units: what must be known to store a stream and to name it.

Implements the syntax of Rec. ITU-T H.264 §7.3.2.1, E.1 and H.265 §7.3.1-7.3.3, E.2 as far as size, frame rate, reordering,
profile and level go; decoder configuration records of ISO/IEC 14496-15 §5.3.3.1 and §8.3.3.1; codec strings of RFC 6381
and ISO/IEC 14496-15 Annex E. Left out: slice data, SEI, scalable and multi-view extensions.

Rules of this file: bytes in, values out; every loop is bounded by a limit of the standard; malformed input is `TheirError`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import Codec, VideoFormat

MAX_PARAMETER_SET_BYTES: Final = 4096
MAX_SIDE_PX: Final = 16_384
_HIGH_PROFILES: Final = frozenset((44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244))
# H.264 table E-1, H.265 table E.1 are not needed; only 255 (Extended_SAR) carries two more fields.
_EXTENDED_SAR: Final = 255
# Profiles without pictures out of order: Baseline has no B slices (H.264 Annex A.2.1).
_BASELINE: Final = 66
_MAX_DPB_MACROBLOCKS: Final = {
    9: 396, 10: 396, 11: 900, 12: 2376, 13: 2376, 20: 2376, 21: 4752, 22: 8100, 30: 8100, 31: 18000, 32: 20480,
    40: 32768, 41: 32768, 42: 34816, 50: 110400, 51: 184320, 52: 184320, 60: 696320, 61: 696320, 62: 696320,
}  # fmt: skip


class BitReader:
    """Reads an RBSP from its first bit. Reading past the end is `TheirError`, never an endless loop."""

    __slots__ = ("_bits", "_left", "_sample")

    def __init__(self, rbsp: bytes) -> None:
        self._bits = int.from_bytes(rbsp, "big")
        self._left = len(rbsp) * 8
        self._sample = rbsp[:64]

    def read(self, count: int) -> int:
        """Return the next `count` bits as an unsigned number. raises: TheirError past the end."""
        self._left -= count
        if self._left < 0:
            raise TheirError("a parameter set ends early", sample=self._sample)
        return (self._bits >> self._left) & ((1 << count) - 1)

    def read_ue(self) -> int:
        """Return the next Exp-Golomb number (H.264 §9.1), at most 2**32 - 2."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 31:
                raise TheirError("a number in a parameter set is too long", sample=self._sample)
        return (1 << zeros) - 1 + self.read(zeros)

    def read_se(self) -> int:
        """Return the next signed Exp-Golomb number (H.264 §9.1.1)."""
        code = self.read_ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def read_ue_at_most(self, limit: int) -> int:
        """Return the next Exp-Golomb number. raises: TheirError if it exceeds `limit`."""
        value = self.read_ue()
        if value > limit:
            raise TheirError(f"a parameter set says {value} where {limit} is the most", sample=self._sample)
        return value


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What one SPS says. Sizes are what is shown: after cropping, in pixels.

    profile_bytes: H.264: profile_idc, constraint flags, level_idc; H.265: the 12 bytes of general_profile_tier_level.
    chroma_format: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    """

    identity: int
    width_px: int
    height_px: int
    profile_bytes: bytes
    reorder_depth: int
    fps_hint: float | None
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    temporal_layers: int = 1
    is_temporal_nested: bool = True


def split_avcc(data: bytes | memoryview) -> Iterator[memoryview]:
    """Yield the NAL units of an access unit with 4-byte lengths. raises: TheirError if a length leaves the data."""
    view = memoryview(data)
    at, size_bytes = 0, len(view)
    while at < size_bytes:
        end = at + 4 + int.from_bytes(view[at : at + 4], "big")
        if end > size_bytes or at + 4 > size_bytes:
            raise TheirError("a NAL unit is longer than its access unit", offset=at, sample=bytes(view[at : at + 64]))
        yield view[at + 4 : end]
        at = end


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units between start codes (H.264 Annex B), trailing zero bytes removed; empty ones are skipped."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        following = data.find(b"\0\0\1", at + 3)
        nal = data[at + 3 : following if following >= 0 else len(data)].rstrip(b"\0")
        if nal:
            yield nal
        at = following


def build_avcc(nals: Sequence[bytes | memoryview]) -> bytes:
    """Return the NAL units as one access unit, each behind its 4-byte big-endian length."""
    return b"".join(piece for nal in nals for piece in (len(nal).to_bytes(4, "big"), nal))


def build_annex_b(data: bytes | memoryview) -> bytes:
    """Return an AVCC access unit with 4-byte start codes instead of lengths. raises: TheirError."""
    return b"".join(piece for nal in split_avcc(data) for piece in (b"\0\0\0\1", nal))


def parse_rbsp(nal: bytes, header_bytes: int) -> bytes:
    """Return the payload of a NAL unit without emulation prevention bytes (H.264 §7.3.1)."""
    if len(nal) > MAX_PARAMETER_SET_BYTES:
        raise TheirError("a parameter set is too large", sample=nal)
    return nal[header_bytes:].replace(b"\0\0\3", b"\0\0")


def parse_nal_type(codec: Codec, first_byte: int) -> int:
    """Return nal_unit_type from the first byte of a NAL unit."""
    return first_byte & 31 if codec is Codec.H264 else first_byte >> 1 & 63


def parse_sps(codec: Codec, nal: bytes) -> SequenceParameters:
    """Read a sequence parameter set NAL unit. raises: TheirError."""
    return _parse_h264_sps(nal) if codec is Codec.H264 else _parse_h265_sps(nal)


def parse_set_id(codec: Codec, nal: bytes) -> int:
    """Return the id of any parameter set NAL unit (what a later one of the same type and id replaces). raises: TheirError."""
    if codec is Codec.H264:
        if parse_nal_type(codec, nal[0]) == 7:
            return _parse_h264_sps(nal).identity
        return BitReader(parse_rbsp(nal, 1)).read_ue_at_most(255)
    nal_type = parse_nal_type(codec, nal[0])
    if nal_type == 33:
        return _parse_h265_sps(nal).identity
    bits = BitReader(parse_rbsp(nal, 2))
    return bits.read(4) if nal_type == 32 else bits.read_ue_at_most(63)


def _check_size(width_px: int, height_px: int, nal: bytes) -> None:
    if not (0 < width_px <= MAX_SIDE_PX and 0 < height_px <= MAX_SIDE_PX):
        raise TheirError(f"a picture of {width_px} x {height_px} pixels is impossible", sample=nal)


def _parse_h264_sps(nal: bytes) -> SequenceParameters:
    if len(nal) < 5:
        raise TheirError("a sequence parameter set is too short", sample=nal)
    bits = BitReader(parse_rbsp(nal, 1))
    profile, constraints, level = bits.read(8), bits.read(8), bits.read(8)
    identity = bits.read_ue_at_most(31)
    chroma_format, luma_bits, chroma_bits, separate_planes = 1, 8, 8, 0
    if profile in _HIGH_PROFILES:
        chroma_format = bits.read_ue_at_most(3)
        if chroma_format == 3:
            separate_planes = bits.read(1)
        luma_bits = 8 + bits.read_ue_at_most(6)
        chroma_bits = 8 + bits.read_ue_at_most(6)
        bits.read(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.read(1):
            _skip_scaling_lists(bits, 12 if chroma_format == 3 else 8)
    bits.read_ue_at_most(12)  # log2_max_frame_num_minus4
    order_type = bits.read_ue_at_most(2)
    if order_type == 0:
        bits.read_ue_at_most(12)
    elif order_type == 1:
        bits.read(1)
        bits.read_se()
        bits.read_se()
        for _ in range(bits.read_ue_at_most(255)):
            bits.read_se()
    max_references = bits.read_ue_at_most(16)
    bits.read(1)  # gaps_in_frame_num_value_allowed_flag
    width_macroblocks = bits.read_ue_at_most(MAX_SIDE_PX // 16 - 1) + 1
    height_units = bits.read_ue_at_most(MAX_SIDE_PX // 16 - 1) + 1
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)  # mb_adaptive_frame_field_flag
    height_macroblocks = height_units * (2 - frames_only)
    bits.read(1)  # direct_8x8_inference_flag
    width_px, height_px = width_macroblocks * 16, height_macroblocks * 16
    if bits.read(1):
        array_type = 0 if separate_planes else chroma_format
        unit_x = 2 if array_type in (1, 2) else 1
        unit_y = (2 if array_type == 1 else 1) * (2 - frames_only)
        left, right, top, bottom = (bits.read_ue_at_most(MAX_SIDE_PX) for _ in range(4))
        width_px -= unit_x * (left + right)
        height_px -= unit_y * (top + bottom)
    _check_size(width_px, height_px, nal)
    fps_hint, reorder = _read_h264_vui(bits) if bits.read(1) else (None, None)
    if reorder is None:
        reorder = _guess_h264_reorder(
            profile, constraints, level, order_type, max_references, width_macroblocks * height_macroblocks
        )
    return SequenceParameters(
        identity, width_px, height_px, bytes((profile, constraints, level)), reorder, fps_hint, chroma_format, luma_bits,
        chroma_bits,
    )  # fmt: skip


def _guess_h264_reorder(
    profile: int, constraints: int, level: int, order_type: int, max_references: int, macroblocks: int
) -> int:
    """Return how far pictures may be reordered when the VUI says nothing (H.264 §E.2.1, max_num_reorder_frames)."""
    if order_type == 2 or profile == _BASELINE:
        return 0
    if profile in (44, 86, 100, 110, 122, 244) and constraints & 0x10:
        return 0
    # One reference frame cannot carry B pictures that lean on two; cameras without VUI are nearly all of this kind.
    if max_references <= 1:
        return 0
    return min(_MAX_DPB_MACROBLOCKS.get(level, 184_320) // macroblocks, 16)


def _skip_scaling_lists(bits: BitReader, count: int) -> None:
    for index in range(count):
        if not bits.read(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.read_se()) % 256
            last = following or last


def _skip_picture_shape(bits: BitReader) -> None:
    """Read over the first fields, which H.264 E.1.1 and H.265 E.2.1 share: aspect, overscan, signal type, chroma position."""
    if bits.read(1) and bits.read(8) == _EXTENDED_SAR:
        bits.read(32)
    if bits.read(1):
        bits.read(1)
    if bits.read(1):
        bits.read(4)
        if bits.read(1):
            bits.read(24)
    if bits.read(1):
        bits.read_ue()
        bits.read_ue()


def _read_h264_vui(bits: BitReader) -> tuple[float | None, int | None]:
    """Return frames per second and max_num_reorder_frames, as far as they are said."""
    _skip_picture_shape(bits)
    fps = None
    if bits.read(1):
        units, scale = bits.read(32), bits.read(32)
        bits.read(1)
        fps = build_fps(scale, units * 2)
    has_nal, has_vcl = 0, 0
    has_nal = bits.read(1)
    if has_nal:
        _skip_h264_hrd(bits)
    has_vcl = bits.read(1)
    if has_vcl:
        _skip_h264_hrd(bits)
    if has_nal or has_vcl:
        bits.read(1)
    bits.read(1)  # pic_struct_present_flag
    if not bits.read(1):
        return fps, None
    bits.read(1)
    for _ in range(4):
        bits.read_ue()
    reorder = bits.read_ue_at_most(16)
    return fps, reorder


def _skip_h264_hrd(bits: BitReader) -> None:
    count = bits.read_ue_at_most(31) + 1
    bits.read(8)
    for _ in range(count):
        bits.read_ue()
        bits.read_ue()
        bits.read(1)
    bits.read(20)


def build_fps(scale: int, units: int) -> float | None:
    """Return scale / units when that is a believable frame rate (0.05..300), else None."""
    if not units or not 0.05 <= scale / units <= 300:
        return None
    return round(scale / units, 3)


def _parse_h265_sps(nal: bytes) -> SequenceParameters:
    if len(nal) < 16:
        raise TheirError("a sequence parameter set is too short", sample=nal)
    bits = BitReader(parse_rbsp(nal, 2))
    bits.read(4)
    sub_layers = bits.read(3)
    nested = bits.read(1)
    profile_bytes = _read_profile_tier_level(bits, sub_layers)
    identity = bits.read_ue_at_most(15)
    chroma_format = bits.read_ue_at_most(3)
    separate_planes = bits.read(1) if chroma_format == 3 else 0
    width_px = bits.read_ue_at_most(MAX_SIDE_PX)
    height_px = bits.read_ue_at_most(MAX_SIDE_PX)
    if bits.read(1):
        array_type = 0 if separate_planes else chroma_format
        unit_x, unit_y = (2 if array_type in (1, 2) else 1), (2 if array_type == 1 else 1)
        left, right, top, bottom = (bits.read_ue_at_most(MAX_SIDE_PX) for _ in range(4))
        width_px -= unit_x * (left + right)
        height_px -= unit_y * (top + bottom)
    _check_size(width_px, height_px, nal)
    luma_bits = 8 + bits.read_ue_at_most(8)
    chroma_bits = 8 + bits.read_ue_at_most(8)
    order_bits = 4 + bits.read_ue_at_most(12)
    reorder = 0
    for _ in range(sub_layers + 1 if bits.read(1) else 1):
        bits.read_ue_at_most(15)
        reorder = bits.read_ue_at_most(15)
        bits.read_ue()
    fps_hint = _read_h265_fps(bits, sub_layers, order_bits)
    return SequenceParameters(
        identity, width_px, height_px, profile_bytes, reorder, fps_hint, chroma_format, luma_bits, chroma_bits,
        sub_layers + 1, bool(nested),
    )  # fmt: skip


def _read_profile_tier_level(bits: BitReader, sub_layers: int) -> bytes:
    """Return the 12 general bytes (H.265 §7.3.3) and leave the reader behind the whole structure."""
    general = bits.read(96).to_bytes(12, "big")
    if not sub_layers:
        return general
    present = [(bits.read(1), bits.read(1)) for _ in range(8)]
    for has_profile, has_level in present[:sub_layers]:
        bits.read(88 * has_profile + 8 * has_level)
    return general


def _read_h265_fps(bits: BitReader, sub_layers: int, order_bits: int) -> float | None:
    """Return vui_time_scale / vui_num_units_in_tick if the SPS says them (H.265 §7.3.2.2.1, E.2.1)."""
    for _ in range(6):  # block and transform sizes and depths
        bits.read_ue()
    if bits.read(1) and bits.read(1):
        _skip_h265_scaling_lists(bits)
    bits.read(2)  # amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.read(1):
        bits.read(8)
        bits.read_ue()
        bits.read_ue()
        bits.read(1)
    _skip_reference_sets(bits)
    if bits.read(1):
        for _ in range(bits.read_ue_at_most(32)):
            bits.read(order_bits + 1)
    bits.read(2)  # sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
    if not bits.read(1):
        return None
    _skip_picture_shape(bits)
    bits.read(3)  # neutral_chroma, field_seq, frame_field_info
    if bits.read(1):
        for _ in range(4):
            bits.read_ue()
    if not bits.read(1):
        return None
    units, scale = bits.read(32), bits.read(32)
    return build_fps(scale, units)


def _skip_h265_scaling_lists(bits: BitReader) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.read(1):
                bits.read_ue()
                continue
            if size > 1:
                bits.read_se()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.read_se()


def _skip_reference_sets(bits: BitReader) -> None:
    """Read over st_ref_pic_set (H.265 §7.3.7), which must be followed because sets are predicted from each other."""
    pictures = 0
    for index in range(bits.read_ue_at_most(64)):
        if index and bits.read(1):
            bits.read(1)
            bits.read_ue()
            kept = 0
            for _ in range(pictures + 1):
                if bits.read(1) or bits.read(1):
                    kept += 1
            pictures = min(kept, 16)
            continue
        negative, positive = bits.read_ue_at_most(16), bits.read_ue_at_most(16)
        for _ in range(negative + positive):
            bits.read_ue()
            bits.read(1)
        pictures = negative + positive


def build_codec_string(codec: Codec, sps: SequenceParameters) -> str:
    """Return the RFC 6381 name: ``avc1.64001f``, ``hvc1.1.6.L93.B0`` (ISO/IEC 14496-15 Annex E.3)."""
    if codec is Codec.H264:
        return "avc1." + sps.profile_bytes.hex()
    first = sps.profile_bytes[0]
    space = ("", "A", "B", "C")[first >> 6]
    compatible = int(f"{int.from_bytes(sps.profile_bytes[1:5], 'big'):032b}"[::-1], 2)
    tier = "H" if first & 0x20 else "L"
    constraints = sps.profile_bytes[5:11].rstrip(b"\0")
    tail = "".join(f".{byte:X}" for byte in constraints)
    return f"hvc1.{space}{first & 31}.{compatible:X}.{tier}{sps.profile_bytes[11]}{tail}"


def build_video_format(
    codec: Codec, parameter_sets: Sequence[bytes], *, newest_sps: bytes | None = None
) -> VideoFormat:
    """Return the format that these parameter sets describe.

    parameter_sets: NAL units in any order; others are left out. The result has them as VideoFormat says.
    newest_sps:     the SPS that is in force where several are known; None = the last one given.
    raises:         TheirError if a type is missing or the SPS cannot be read.
    """
    kinds = (7, 8) if codec is Codec.H264 else (32, 33, 34)
    by_kind = [[nal for nal in parameter_sets if nal and parse_nal_type(codec, nal[0]) == kind] for kind in kinds]
    if not all(by_kind):
        raise TheirError("a parameter set is missing")
    sps = parse_sps(codec, newest_sps if newest_sps is not None else by_kind[-2][-1])
    return VideoFormat(
        codec=codec,
        width_px=sps.width_px,
        height_px=sps.height_px,
        parameter_sets=tuple(nal for nals in by_kind for nal in nals),
        codec_string=build_codec_string(codec, sps),
        reorder_depth=sps.reorder_depth,
        fps_hint=sps.fps_hint,
    )


def build_decoder_configuration(format: VideoFormat) -> bytes:
    """Return the payload of the avcC or hvcC box (ISO/IEC 14496-15 §5.3.3.1.2, §8.3.3.1.2). raises: TheirError."""
    return _build_avcc_record(format) if format.codec is Codec.H264 else _build_hvcc_record(format)


def _sets_of(format: VideoFormat, nal_type: int) -> list[bytes]:
    return [nal for nal in format.parameter_sets if parse_nal_type(format.codec, nal[0]) == nal_type]


def _with_lengths(nals: list[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _build_avcc_record(format: VideoFormat) -> bytes:
    sps, pps = _sets_of(format, 7)[:31], _sets_of(format, 8)[:255]
    shape = parse_sps(Codec.H264, sps[-1])
    record = b"\x01" + shape.profile_bytes + bytes((0xFF, 0xE0 | len(sps))) + _with_lengths(sps)
    record += bytes((len(pps),)) + _with_lengths(pps)
    if shape.profile_bytes[0] in (100, 110, 122, 144):
        record += bytes((0xFC | shape.chroma_format, 0xF8 | shape.luma_bits - 8, 0xF8 | shape.chroma_bits - 8, 0))
    return record


def _build_hvcc_record(format: VideoFormat) -> bytes:
    kinds = [(kind, _sets_of(format, kind)) for kind in (32, 33, 34)]
    shape = parse_sps(Codec.H265, kinds[1][1][-1])
    record = b"\x01" + shape.profile_bytes + b"\xf0\x00\xfc"
    record += bytes((0xFC | shape.chroma_format, 0xF8 | shape.luma_bits - 8, 0xF8 | shape.chroma_bits - 8, 0, 0))
    record += bytes((shape.temporal_layers << 3 | shape.is_temporal_nested << 2 | 3, len(kinds)))
    for kind, nals in kinds:
        record += bytes((0x80 | kind,)) + len(nals).to_bytes(2, "big") + _with_lengths(nals)
    return record


def parse_decoder_configuration(codec: Codec, record: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets of an avcC or hvcC payload in order. raises: TheirError if it is malformed."""
    nals: list[bytes] = []
    try:
        if codec is Codec.H264:
            at = _read_sets(record, 6, record[5] & 31, nals)
            _read_sets(record, at + 1, record[at], nals)
        else:
            at = 23
            for _ in range(record[22]):
                at = _read_sets(record, at + 3, int.from_bytes(record[at + 1 : at + 3], "big"), nals)
    except IndexError:
        raise TheirError("a decoder configuration ends early", sample=record) from None
    return tuple(nals)


def _read_sets(record: bytes, at: int, count: int, nals: list[bytes]) -> int:
    for _ in range(count):
        end = at + 2 + (record[at] << 8 | record[at + 1])
        if end > len(record) or end == at + 2:
            raise TheirError("a decoder configuration ends early", sample=record)
        nals.append(record[at + 2 : end])
        at = end
    return at
