import av
import numpy as np
import pytest

from brightkitchen_sim.liveclock import MAX_UTC_MS, build_blocks, crc8, draw_clock, read_clock
from brightkitchen_sim.livesource import build_plain_background, build_planes, open_encoder

START_MS = 1_795_392_000_123


def test_crc8_of_the_check_string_is_the_catalogued_one() -> None:
    assert crc8(b"123456789") == 0xF4


@pytest.mark.parametrize("utc_ms", [0, 1, START_MS, MAX_UTC_MS])
@pytest.mark.parametrize("width", [320, 640, 1280, 1920])
def test_clock_drawn_is_read(utc_ms: int, width: int) -> None:
    picture = build_plain_background(width, width * 9 // 16)
    draw_clock(picture, utc_ms)
    assert read_clock(picture) == utc_ms
    assert read_clock(np.ascontiguousarray(picture[:, :, 0])) == utc_ms


def test_blocks_stand_where_the_documentation_says() -> None:
    picture = build_plain_background(1280, 720)
    draw_clock(picture, 0b101)
    blocks = [int(picture[48, (10 + i) * 16 + 8, 0]) for i in range(60)]
    assert [level > 125 for level in blocks] == build_blocks(0b101).tolist()
    bits = "".join("1" if level > 125 else "0" for level in blocks)
    assert bits == "10" + f"{0b101:048b}" + f"{crc8(bytes([0, 0, 0, 0, 0, 0b101])):08b}" + "10"
    assert (picture[16:80, 128:160] == 16).all()


@pytest.mark.parametrize(("width", "bitrate_bps"), [(1280, 2_000_000), (640, 500_000)])
def test_clock_survives_x264(width: int, bitrate_bps: int) -> None:
    height = width * 9 // 16
    source = np.random.default_rng(1)
    background = source.integers(0, 255, (height, width, 3), dtype=np.uint8)  # the hardest thing to code
    canvas = build_planes(background)
    encoder = open_encoder(width, height, bitrate_bps)
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = encoder.extradata
    wanted = [START_MS + 40 * i + i * i * 977 for i in range(30)]
    found = []
    for i, utc_ms in enumerate(wanted):
        draw_clock(canvas[:height], utc_ms)
        frame = av.VideoFrame.from_ndarray(canvas, format="yuv420p")
        frame.pts = i
        for packet in encoder.encode(frame):
            for shown in decoder.decode(av.Packet(bytes(packet))):
                found.append(read_clock(shown.to_ndarray(format="rgb24").astype(np.uint8)))
    assert found == wanted


def test_picture_with_a_wrong_block_or_no_clock_reads_as_none() -> None:
    picture = build_plain_background(1280, 720)
    assert read_clock(picture) is None
    assert read_clock(np.zeros((5, 1280, 3), np.uint8)) is None
    assert read_clock(np.zeros((720, 1283, 3), np.uint8)) is None
    draw_clock(picture, START_MS)
    for block in (0, 1, 5, 49, 50, 57, 58, 59):
        broken = picture.copy()
        area = broken[32:64, (10 + block) * 16 : (11 + block) * 16]
        area[...] = 255 - area
        assert read_clock(broken) is None


@pytest.mark.parametrize("width", [100, 240, 1283])
def test_width_without_whole_cells_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="no whole cells"):
        draw_clock(np.zeros((720, width, 3), np.uint8), 0)
