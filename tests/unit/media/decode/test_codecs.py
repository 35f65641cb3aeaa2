import io

import av
import numpy as np
import pytest
from PIL import Image
from tests.encoding import HEIGHT_PX, WIDTH_PX, Clip, encode_numbers, read_number

from brightkitchen.media.decode.codecs import G711_TABLES, DecodeError, SoundEncoder, build_annex_b, draw_jpeg
from brightkitchen.media.decode.messages import Jpeg
from brightkitchen.wire.au import Codec


def make_job(clip: Clip, wanted: int, *, width_px: int = 0) -> Jpeg:
    return Jpeg(
        id=1,
        codec=clip.format.codec.value,
        parameter_sets=clip.format.parameter_sets,
        units=tuple(unit.data for unit in clip.units),
        times=tuple(unit.pts for unit in clip.units),
        wanted=wanted,
        width_px=width_px,
    )


def shown_number(jpeg: bytes) -> int:
    return read_number(np.asarray(Image.open(io.BytesIO(jpeg)).convert("L")))


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("number", [0, 1, 7, 11])
def test_draw_jpeg_of_a_gop_shows_the_wanted_picture(codec: Codec, b_frames: int, number: int) -> None:
    clip = encode_numbers(12, codec=codec, b_frames=b_frames)
    jpeg, time, width_px, height_px = draw_jpeg(make_job(clip, number * 3600 + 1800))
    assert (shown_number(jpeg), time, width_px, height_px) == (number, number * 3600, WIDTH_PX, HEIGHT_PX)


def test_draw_jpeg_narrower_keeps_the_shape() -> None:
    jpeg, _, width_px, height_px = draw_jpeg(make_job(encode_numbers(6), 5 * 3600, width_px=80))
    assert (width_px, height_px) == (80, 48)
    assert Image.open(io.BytesIO(jpeg)).size == (80, 48)
    assert shown_number(jpeg) == 5


def test_draw_jpeg_wider_is_not_enlarged() -> None:
    assert draw_jpeg(make_job(encode_numbers(1), 0, width_px=4000))[2] == WIDTH_PX


@pytest.mark.parametrize(
    "job",
    [
        Jpeg(id=1, codec="mjpeg", parameter_sets=(), units=(b"\x00\x00\x00\x01\x65",), times=(0,), wanted=0),
        Jpeg(id=1, codec="h264", parameter_sets=(), units=(), times=(), wanted=0),
        Jpeg(id=1, codec="h264", parameter_sets=(), units=(b"x",), times=(), wanted=0),
        Jpeg(id=1, codec="h264", parameter_sets=(), units=(b"\x00\x00\x00\x01\x65",), times=(0,), wanted=0),
        Jpeg(id=1, codec="h264", parameter_sets=(), units=(b"\xff\xff\xff\xff\x65",), times=(0,), wanted=0),
    ],
)
def test_draw_jpeg_of_nonsense_raises_decode_error(job: Jpeg) -> None:
    with pytest.raises(DecodeError):
        draw_jpeg(job)


def test_build_annex_b_puts_start_codes_for_lengths() -> None:
    assert build_annex_b(b"\0\0\0\x02ab\0\0\0\x01c") == b"\0\0\0\x01ab\0\0\0\x01c"


@pytest.mark.parametrize(("codec", "decoder"), [("pcma", "pcm_alaw"), ("pcmu", "pcm_mulaw")])
def test_g711_tables_agree_with_libav(codec: str, decoder: str) -> None:
    context = av.CodecContext.create(decoder, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = 8000, "mono", "s16"
    frame = context.decode(av.Packet(bytes(range(256))))[0]
    assert frame.to_ndarray().reshape(-1).tolist() == G711_TABLES[codec].tolist()


def test_sound_encoder_delays_by_one_frame_and_keeps_the_tone() -> None:
    """A tone that begins at sample 4096 is heard there when the first frame is taken as priming."""
    samples = np.zeros(8192 * 2)
    samples[4096:] = 8000 * np.sin(np.arange(samples.size - 4096) * 2 * np.pi * 440 / 8000)
    table = G711_TABLES["pcma"].astype(np.int64)
    codes = np.abs(samples[:, None] - table[None, :]).argmin(axis=1).astype(np.uint8).tobytes()
    encoder = SoundEncoder("pcma", 8000, 1)
    frames = encoder.encode(codes[:5000], last=False) + encoder.encode(codes[5000:], last=True)
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.extradata = encoder.config
    heard = np.concatenate([f.to_ndarray()[0] for data in frames for f in decoder.decode(av.Packet(data))])[1024:]
    assert abs(int(np.argmax(np.abs(heard) > 0.05)) - 4096) < 300
    assert np.abs(heard[4096 + 1024 : 8192]).max() > 0.2
