"""An RTSP camera made of GStreamer's server, for contract tests. Run by the system's Python (Debian: python3-gi).

Prints one JSON line ``{"port": N}`` when it listens on 127.0.0.1; ends when its standard input is closed.
Streams: /cam H.264 (and PCMA with --audio), /udp the same by UDP only, /sound audio only. With --user and --password: Digest.
"""

# mypy: ignore-errors
# The system's Python runs this file; its bindings have no types.
import argparse
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

VIDEO = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=400 "
    "! rtph264pay name=pay0 pt=96 config-interval=0 "
)
SOUND = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay{} pt=8 "


def add_stream(server, path, launch, *, only_udp=False, token=None):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + launch + ")")
    factory.set_shared(True)
    if only_udp:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if token is not None:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)


def set_up_digest(server, user, password):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    return token


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--audio", action="store_true")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    token = set_up_digest(server, options.user, options.password) if options.user else None
    launch = VIDEO + (SOUND.format(1) if options.audio else "")
    add_stream(server, "/cam", launch, token=token)
    add_stream(server, "/udp", launch, only_udp=True, token=token)
    add_stream(server, "/sound", SOUND.format(0), token=token)
    server.attach(None)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_HUP | GLib.IO_IN, lambda *_: loop.quit())
    print(json.dumps({"port": server.get_bound_port()}), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
