from brightkitchen.kernel.units import Utc
from brightkitchen.wire.hls.playlist import (
    FileParts,
    Part,
    Piece,
    Variant,
    build_media_playlist,
    build_multivariant_playlist,
    group_pieces,
)

NOW = Utc(1_795_392_000_000_000)


def test_media_playlist_two_files_is_this_text() -> None:
    first = FileParts("init/a.mp4", (Part("a/0-1", NOW, 2_000_000), Part("a/2-3", Utc(NOW + 2_000_000), 2_040_000)))
    second = FileParts("init/b.mp4", (Part("b/0-0", Utc(NOW + 9_000_000), 500_000),))
    assert build_media_playlist([first, FileParts("init/empty.mp4", ()), second]).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:3",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init/a.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:00.000000Z",
        "#EXTINF:2.000000,",
        "a/0-1",
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:02.000000Z",
        "#EXTINF:2.040000,",
        "a/2-3",
        "#EXT-X-DISCONTINUITY",
        '#EXT-X-MAP:URI="init/b.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:09.000000Z",
        "#EXTINF:0.500000,",
        "b/0-0",
        "#EXT-X-ENDLIST",
    ]


def test_media_playlist_of_nothing_ends_at_once() -> None:
    assert build_media_playlist([]).splitlines()[-1] == "#EXT-X-ENDLIST"


def test_multivariant_playlist_with_sound_names_the_rendition() -> None:
    text = build_multivariant_playlist(
        Variant("avc1.640028", "mp4a.40.2", 1920, 1080, 2_500_000), video_uri="v.m3u8?x", audio_uri="a.m3u8?x"
    )
    assert text.splitlines()[3:] == [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="a.m3u8?x"',
        '#EXT-X-STREAM-INF:BANDWIDTH=2500000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,AUDIO="sound"',
        "v.m3u8?x",
    ]


def test_multivariant_playlist_without_sound_or_size_names_neither() -> None:
    text = build_multivariant_playlist(Variant("avc1.640028", "", 0, 0, 0), video_uri="v", audio_uri="a")
    assert text.splitlines()[3:] == ['#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.640028"', "v"]


def group(keys: str, *, each_us: int = 1_000_000, shortest_us: int = 2_000_000) -> list[str]:
    """`keys`: k for a fragment that begins at a key frame, . for one that does not."""
    pieces = [Piece(index, each_us, key == "k") for index, key in enumerate(keys)]
    return ["".join(str(piece.index) for piece in part) for part in group_pieces(pieces, shortest_us=shortest_us)]


def test_group_pieces_cuts_at_key_frames_only() -> None:
    assert group("k.k.k.") == ["01", "23", "45"]
    assert group("kkkkk") == ["01", "23", "4"]
    assert group("k.....k") == ["012345", "6"]
    assert group("..k.") == ["23"]
    assert group("...") == []
    assert group("k.k.", each_us=600_000) == ["0123"]
