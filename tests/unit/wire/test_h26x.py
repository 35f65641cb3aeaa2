"""Parameter sets of real encoders, and broken ones."""

import pytest

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import Codec, VideoFormat
from brightkitchen.wire.h26x import (
    BitReader,
    build_annex_b,
    build_avcc,
    build_decoder_configuration,
    build_fps,
    build_video_format,
    parse_decoder_configuration,
    parse_set_id,
    parse_sps,
    split_annex_b,
    split_avcc,
)

PPS = "68ee3cb0"
VPS5, PPS5 = "40010c01ffff01600000030090000003000003003c928090", "4401c172b46240"


def sets(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


@pytest.mark.parametrize(
    ("codec", "texts", "expected"),
    [
        (Codec.H264, ("6742c00dd901609684000003000400000300c83c50a920", PPS), ("avc1.42c00d", 352, 288, 0, 25.0)),
        (Codec.H264, ("67640028acd94078044fdcd900000300010000030032604000f424001e84e4c300f8b16cb0", PPS),
         ("avc1.640028", 1920, 1080, 2, 25.0)),
        (Codec.H264, ("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8", PPS), ("avc1.640028", 1280, 720, 0, 25.0)),
        (Codec.H265, (VPS5, "42010101600000030090000003000003003ca00a080b9f26592a4932b9a02000000300200000030321", PPS5),
         ("hvc1.1.6.L60.90", 320, 178, 0, 25.0)),
        (Codec.H265, (VPS5, "4201020160000003009000000300000300780000a003c08010e5965652b2c9272b9a0200000300020000030032c0192cbc003d08000f425c003d08000f4244", PPS5),
         ("hvc1.1.6.L120.90", 1920, 1080, 2, 25.0)),
    ],
)  # fmt: skip
def test_parameter_sets_of_an_encoder_give_its_format(
    codec: Codec, texts: tuple[str, ...], expected: tuple[str, int, int, int, float]
) -> None:
    format = build_video_format(codec, sets(*texts))
    assert (format.codec_string, format.width_px, format.height_px, format.reorder_depth, format.fps_hint) == expected
    assert parse_decoder_configuration(codec, build_decoder_configuration(format)) == format.parameter_sets
    assert [parse_set_id(codec, nal) for nal in format.parameter_sets] == [0] * len(texts)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_parameter_set_cut_anywhere_is_their_error_or_shorter(codec: Codec) -> None:
    text = "67640028acd94078044fdcd900000300010000030032604000f424001e84e4c300f8b16cb0"
    whole = bytes.fromhex(text if codec is Codec.H264 else
                          "42010101600000030090000003000003003ca00a080b9f26592a4932b9a02000000300200000030321")  # fmt: skip
    for end in range(4, len(whole) - 4):
        with pytest.raises(TheirError):
            parse_sps(codec, whole[:end])


class Bits:
    """Writes an RBSP for tests."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, width: int, value: int = 0) -> "Bits":
        self.text += f"{value:0{width}b}"
        return self

    def ue(self, *values: int) -> "Bits":
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code
        return self

    def nal(self, head: bytes) -> bytes:
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        rbsp, out, zeros = int(text, 2).to_bytes(len(text) // 8, "big"), bytearray(head), 0
        for byte in rbsp:
            if zeros == 2 and byte < 4:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)


def h264_sps(
    profile: int, constraints: int, *, order: int = 0, references: int = 4, width: int = 20, frames_only: int = 1
) -> Bits:
    bits = Bits().u(8, profile).u(8, constraints).u(8, 30).ue(3)
    if profile == 244:
        bits.ue(3).u(1, 1).ue(0, 0).u(1).u(1, 1)  # 4:4:4 in separate planes, with scaling lists
        for index in range(12):
            if index in (0, 6):
                bits.u(1, 1).ue(1, 2).ue(*[0] * (14 if index == 0 else 62))
            elif index == 1:
                bits.u(1, 1).ue(16)  # -8: the rest repeats
            else:
                bits.u(1)
    bits.ue(0).ue(order)
    if order == 0:
        bits.ue(2)
    if order == 1:
        bits.u(1).ue(3, 4).ue(2).ue(1, 2)
    bits.ue(references).u(1).ue(width - 1, 9).u(1, frames_only)
    if not frames_only:
        bits.u(1)
    return bits.u(1, 1)


@pytest.mark.parametrize(
    ("profile", "constraints", "order", "references", "reorder"),
    [(77, 0, 0, 4, 16), (77, 0, 2, 4, 0), (66, 0, 0, 4, 0), (100, 0x10, 1, 4, 0), (77, 0, 1, 1, 0), (244, 0, 0, 4, 16)],
)
def test_h264_without_vui_guesses_reordering(
    profile: int, constraints: int, order: int, references: int, reorder: int
) -> None:
    if profile == 100:
        bits = (
            Bits().u(8, 100).u(8, constraints).u(8, 30).ue(3, 1, 0, 0).u(1).u(1).ue(0, 1).u(1).ue(3, 4, 2, 1, 2, 4).u(1)
        )
        bits.ue(19, 9).u(1, 1).u(1, 1)
    else:
        bits = h264_sps(profile, constraints, order=order, references=references)
    sps = parse_sps(Codec.H264, bits.u(1).u(1).nal(b"\x67"))
    assert (sps.identity, sps.width_px, sps.height_px, sps.reorder_depth) == (3, 320, 160, reorder)


@pytest.mark.parametrize(("profile", "height"), [(77, 2 * 160 - 4 * 3), (244, 2 * 160 - 2 * 3)])
def test_h264_interlaced_cropping_counts_fields(profile: int, height: int) -> None:
    bits = h264_sps(profile, 0, frames_only=0).u(1, 1).ue(0, 1, 1, 2)
    sps = parse_sps(Codec.H264, bits.u(1).nal(b"\x67"))
    assert (sps.width_px, sps.height_px) == (320 - (2 if profile == 77 else 1), height)


def test_h264_vui_with_every_field_is_read() -> None:
    bits = h264_sps(77, 0).u(1).u(1, 1)
    bits.u(1, 1).u(8, 255).u(32).u(1, 1).u(1).u(1, 1).u(4).u(1, 1).u(24).u(1, 1).ue(
        1, 1
    )  # aspect, overscan, signal, chroma
    bits.u(1, 1).u(32, 1001).u(32, 60_000).u(1)
    for _ in range(2):
        bits.u(1, 1).ue(1).u(8).ue(5, 5).u(1).ue(5, 5).u(1).u(20)
    bits.u(1).u(1).u(1, 1).u(1).ue(0, 0, 0, 0, 3)
    sps = parse_sps(Codec.H264, bits.nal(b"\x67"))
    assert (sps.fps_hint, sps.reorder_depth) == (29.97, 3)


def test_h264_vui_with_no_field_says_nothing() -> None:
    bits = h264_sps(77, 0, references=1).u(1).u(1, 1).u(1).u(1).u(1).u(1).u(1).u(1).u(1).u(1).u(1)
    sps = parse_sps(Codec.H264, bits.nal(b"\x67"))
    assert (sps.fps_hint, sps.reorder_depth) == (None, 0)
    thin = h264_sps(77, 0, references=1).u(1).u(1, 1).u(1).u(1).u(1, 1).u(4).u(1).u(1).u(1).u(1).u(1).u(1).u(1)
    assert parse_sps(Codec.H264, thin.nal(b"\x67")).fps_hint is None


def h265_sps(*, sub_layers: int = 0, chroma: int = 1, crop: bool = False) -> Bits:
    bits = Bits().u(4).u(3, sub_layers).u(1, 1).u(8, 0xA1).u(32, 0x60000000).u(48, 0x900000000000).u(8, 93)
    if sub_layers:
        for layer in range(8):
            bits.u(2, 3 if layer < sub_layers else 0)
        bits.u(96 * sub_layers)
    bits.ue(2, chroma)
    if chroma == 3:
        bits.u(1, 1)
    bits.ue(640, 368).u(1, int(crop))
    if crop:
        bits.ue(0, 1, 0, 8)
    return bits.ue(0, 0, 4)


def test_h265_with_every_optional_field_is_read() -> None:
    bits = h265_sps(sub_layers=1, chroma=3, crop=True).u(1, 1).ue(3, 1, 0, 4, 2, 0)
    bits.ue(0, 0, 0, 0, 0, 0).u(1, 1).u(1, 1)
    for size in range(4):
        for index in range(2 if size == 3 else 6):
            if index == 0:
                bits.u(1).ue(0)
            elif index == 1:
                bits.u(1, 1).ue(*([0] * (min(64, 16 << size * 2) + (size > 1))))
            else:
                bits.u(1).ue(0)
    bits.u(2).u(1, 1).u(8).ue(0, 0).u(1)
    bits.ue(3).ue(1, 1).ue(0).u(1).ue(0).u(1)  # one before, one after
    bits.u(1, 1).u(1).ue(0).u(1, 1).u(2, 1).u(2)  # predicted: 3 entries
    bits.u(1).ue(0, 0)
    bits.u(1, 1).ue(1).u(8).u(1)
    bits.u(2).u(1, 1).u(4).u(3).u(1, 1).ue(0, 0, 0, 0).u(1, 1).u(32, 1).u(32, 15)
    sps = parse_sps(Codec.H265, bits.nal(b"\x42\x01"))
    assert (sps.width_px, sps.height_px, sps.reorder_depth, sps.fps_hint, sps.temporal_layers) == (639, 360, 2, 15.0, 2)
    format = build_video_format(Codec.H265, [bits.nal(b"\x42\x01"), *sets(VPS5, PPS5)])
    assert format.codec_string == "hvc1.B1.6.H93.90"


@pytest.mark.parametrize("vui", [False, True])
def test_h265_without_timing_has_no_frame_rate(vui: bool) -> None:
    bits = h265_sps(crop=True).u(1).ue(3, 0, 0).ue(0, 0, 0, 0, 0, 0).u(1).u(2).u(1).ue(0).u(1).u(2).u(1, int(vui))
    bits.u(4).u(3).u(1).u(1).u(80)
    sps = parse_sps(Codec.H265, bits.nal(b"\x42\x01"))
    assert (sps.width_px, sps.height_px, sps.fps_hint) == (638, 352, None)


@pytest.mark.parametrize(
    ("codec", "nal"),
    [
        (Codec.H264, b"\x67\x42"), (Codec.H265, b"\x42\x01\x01"), (Codec.H264, b"\x67" + bytes(60)), (Codec.H264, b"\x67" + bytes(5000)),
        (Codec.H264, h264_sps(77, 0).u(1, 1).ue(200, 200, 0, 0).nal(b"\x67")),
    ],
)  # fmt: skip
def test_impossible_sequence_parameters_are_their_error(codec: Codec, nal: bytes) -> None:
    with pytest.raises(TheirError):
        parse_sps(codec, nal)


def test_missing_set_is_their_error() -> None:
    with pytest.raises(TheirError, match="missing"):
        build_video_format(Codec.H264, sets(PPS))


def test_pps_and_vps_ids_are_read() -> None:
    assert parse_set_id(Codec.H264, Bits().ue(7).nal(b"\x68")) == 7
    assert parse_set_id(Codec.H265, Bits().u(4, 3).nal(b"\x40\x01")) == 3
    assert parse_set_id(Codec.H265, Bits().ue(9).nal(b"\x44\x01")) == 9


def test_numbers_are_read_with_their_sign_and_limit() -> None:
    bits = BitReader(Bits().ue(0, 1, 2, 3, 4).nal(b""))
    assert [bits.read_se() for _ in range(5)] == [0, 1, -1, 2, -2]
    with pytest.raises(TheirError):
        BitReader(Bits().ue(9).nal(b"")).read_ue_at_most(8)


@pytest.mark.parametrize(("scale", "units", "fps"), [(25, 1, 25.0), (0, 1, None), (1, 0, None), (90_000, 1, None)])
def test_frame_rate_must_be_believable(scale: int, units: int, fps: float | None) -> None:
    assert build_fps(scale, units) == fps


def test_avcc_and_annex_b_hold_the_same_units() -> None:
    nals = [b"\x67\x01\x02", b"\x68\x03", b"\x65" + bytes(range(1, 100))]
    data = build_avcc(nals)
    assert [bytes(nal) for nal in split_avcc(data)] == nals
    assert list(split_annex_b(build_annex_b(data))) == nals
    assert list(split_annex_b(b"junk\0\0\1\0\0\0\1\x09\xf0\0\0")) == [b"\x09\xf0"]


@pytest.mark.parametrize("data", [b"\0\0\0\x02a", b"\0\0\0", b"\0\0\0\1a\0\0"])
def test_avcc_with_wrong_lengths_is_their_error(data: bytes) -> None:
    with pytest.raises(TheirError):
        list(split_avcc(data))


@pytest.mark.parametrize(
    "record", [b"", b"\1\2\3\4\xff\xe1\x00\x05ab", b"\1\2\3\4\xff\xe1\x00\x00", b"\1\2\3\4\xff\xe1\x00\x01a"]
)
def test_decoder_configuration_that_ends_early_is_their_error(record: bytes) -> None:
    with pytest.raises(TheirError):
        parse_decoder_configuration(Codec.H264, record)


def test_main_profile_configuration_has_no_high_profile_tail() -> None:
    text = "6742c00dd901609684000003000400000300c83c50a920"
    format = VideoFormat(Codec.H264, 352, 288, tuple(sets(text, PPS)), "avc1.42c00d")
    assert build_decoder_configuration(format).endswith(bytes.fromhex("010004" + PPS))
