"""Paths of cameras that carry a log-in: nothing of it may be left in what is kept and shown."""

import pytest

from brightkitchen.kernel.camerapath import has_secret, is_masked, mask_path

SECRETS = (
    ("/live?user=admin&password=s3cret&channel=1", "/live?user=***&password=***&channel=1"),
    ("/user=admin_password=s3cret_channel=1_stream=0.sdp", "/user=***_password=***_channel=1_stream=0.sdp"),
    (
        "/user=admin&password=s3cret&channel=1&stream=0.sdp?real_stream--rtp-caching=100",
        "/user=***&password=***&channel=1&stream=0.sdp?real_stream--rtp-caching=100",
    ),
    ("/cam?PassWD=s3cret", "/cam?PassWD=***"),
    ("/cam?x=1;pwd=s3cret", "/cam?x=1;pwd=***"),
    ("/cam?x=1?pwd=s3cret/half", "/cam?x=1?pwd=***"),
    ("/cam?loginuse=admin&loginpas=s3cret", "/cam?loginuse=***&loginpas=***"),
    ("/11?auth=YWRtaW46czNjcmV0", "/11?auth=***"),
    ("/11?access_token=s3cret=&a=b", "/11?access_token=***&a=b"),
    ("/11?user_pwd=s3cret", "/11?user_pwd=***"),
    ("/11?p%61ssword=s3cret", "/11?p%61ssword=***"),
    ("/11?u=admin&p=s3cret", "/11?u=***&p=***"),
    ("/a/usr=admin&pass=s3cret/b", "/a/usr=***&pass=***/b"),
    ("/a?channel=1&pass=s3_cret=1", "/a?channel=1&pass=***"),
)


@pytest.mark.parametrize(("path", "masked"), SECRETS)
def test_log_in_in_a_path_is_masked_and_stays_so(path: str, masked: str) -> None:
    assert mask_path(path) == masked
    assert has_secret(path) and not has_secret(masked)
    assert is_masked(masked) and not is_masked(path)
    assert mask_path(masked) == masked


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/Streaming/Channels/101",
        "/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif",
        "/h264/ch1/main/av_stream",
        "/live.sdp?real_stream",
        "/a?password=",
        "/axis-media/media.amp?resolution=1280x720&camera=1",
    ],
)
def test_path_without_a_log_in_stays_as_it_is(path: str) -> None:
    assert mask_path(path) == path
    assert not is_masked(path)
