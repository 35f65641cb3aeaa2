import pytest
from tests.encoding import Clip, encode_numbers

from brightkitchen.media.decode.codecs import DecodeError
from brightkitchen.media.decode.messages import Transcoded, TranscodeFeed, TranscodeOpen
from brightkitchen.media.decode.transcoding import Transcoder, choose_size
from brightkitchen.wire.au import Codec


def wish_for(clip: Clip, *, most_fps: int = 0, is_all_keys: bool = False) -> TranscodeOpen:
    return TranscodeOpen(
        id=1,
        codec=clip.format.codec.value,
        parameter_sets=clip.format.parameter_sets,
        most_width_px=80,
        most_height_px=720,
        most_fps=most_fps,
        is_all_keys=is_all_keys,
    )


def feed(one: Transcoder, clip: Clip, first: int, last: int, **more: object) -> Transcoded:
    units = clip.units[first:last]
    data, times = tuple(unit.data for unit in units), tuple(unit.pts for unit in units)
    return one.feed(TranscodeFeed(id=2, units=data, times=times, **more))  # type: ignore[arg-type]  # a table of fields


def numbers_of(answer: Transcoded) -> list[int]:
    return [time // 3600 for time in answer.times]


def test_transcoder_keeps_times_and_shape_and_begins_with_a_key() -> None:
    clip = encode_numbers(12, codec=Codec.H265)
    answer = feed(Transcoder(wish_for(clip)), clip, 0, 12, is_last=True)
    assert (numbers_of(answer), answer.keys) == (list(range(12)), (True, *[False] * 11))
    assert (answer.width_px, answer.height_px, answer.decoded, answer.broken) == (80, 48, 12, 0)
    assert [nal[0] & 31 for nal in answer.parameter_sets] == [7, 8]


def test_transcoder_makes_a_key_frame_each_two_seconds_whatever_the_camera_does() -> None:
    clip = encode_numbers(120, codec=Codec.H265, gop=120)
    answer = feed(Transcoder(wish_for(clip)), clip, 0, 120, is_last=True)
    assert [number for number, is_key in zip(numbers_of(answer), answer.keys, strict=True) if is_key] == [0, 50, 100]


def test_transcoder_leaves_pictures_out_that_follow_too_soon() -> None:
    clip = encode_numbers(20, codec=Codec.H265)
    answer = feed(Transcoder(wish_for(clip, most_fps=15)), clip, 0, 20, is_last=True)
    assert (numbers_of(answer), answer.decoded) == (list(range(0, 20, 2)), 20)


def test_transcoder_only_decodes_what_is_shown_before_the_wanted_time() -> None:
    clip = encode_numbers(20, codec=Codec.H265, gop=20)
    answer = feed(Transcoder(wish_for(clip)), clip, 0, 20, from_time=7 * 3600, is_last=True)
    assert (numbers_of(answer), answer.keys[0], answer.decoded) == (list(range(7, 20)), True, 20)


def test_transcoder_after_units_were_left_out_goes_on_with_a_key() -> None:
    clip = encode_numbers(60, codec=Codec.H265, gop=20)
    one = Transcoder(wish_for(clip))
    feed(one, clip, 0, 10)
    answer = feed(one, clip, 40, 60, is_restart=True)
    assert (numbers_of(answer)[0], answer.keys[:2], answer.broken) == (40, (True, False), 0)


def test_transcoder_asked_for_keys_only_makes_each_picture_one() -> None:
    clip = encode_numbers(5, codec=Codec.H265)
    assert feed(Transcoder(wish_for(clip, is_all_keys=True)), clip, 0, 5, is_last=True).keys == (True,) * 5


def test_transcoder_counts_what_it_cannot_decode_and_goes_on() -> None:
    clip = encode_numbers(10, codec=Codec.H265, gop=5)
    one = Transcoder(wish_for(clip))
    broken = TranscodeFeed(
        id=2, units=(b"\xff\xff\xff\xff\x02", b"", *(unit.data for unit in clip.units)), times=(0,) * 12
    )
    assert one.feed(broken).broken >= 1
    assert numbers_of(feed(one, clip, 5, 10, is_restart=True, is_last=True))[-1] == 9


@pytest.mark.parametrize(
    "wish",
    [
        TranscodeOpen(id=1, codec="mjpeg", parameter_sets=(), most_width_px=80, most_height_px=80),
        TranscodeOpen(id=1, codec="h265", parameter_sets=(), most_width_px=0, most_height_px=80),
        TranscodeOpen(id=1, codec="h265", parameter_sets=(), most_width_px=80, most_height_px=80, most_fps=-1),
    ],
)
def test_transcoder_of_a_wish_without_sense_raises_decode_error(wish: TranscodeOpen) -> None:
    with pytest.raises(DecodeError):
        Transcoder(wish)


def test_transcoder_with_too_few_times_raises_decode_error() -> None:
    clip = encode_numbers(1, codec=Codec.H265)
    with pytest.raises(DecodeError):
        Transcoder(wish_for(clip)).feed(TranscodeFeed(id=2, units=(clip.units[0].data,), times=()))


@pytest.mark.parametrize(
    ("width_px", "height_px", "chosen"),
    [
        (1920, 1080, (1280, 720)),
        (3840, 2160, (1280, 720)),
        (640, 360, (640, 360)),
        (2560, 1920, (960, 720)),
        (1080, 1920, (404, 720)),
        (641, 361, (640, 360)),
    ],
)
def test_choose_size_fits_keeps_the_shape_and_is_even(width_px: int, height_px: int, chosen: tuple[int, int]) -> None:
    assert choose_size(width_px, height_px, 1280, 720) == chosen
