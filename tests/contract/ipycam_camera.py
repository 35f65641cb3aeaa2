"""The RTSP camera of `ipycam`, a public package, for contract tests: its server alone, on 127.0.0.1, with generated pictures.

`python -m ipycam` would also open its web page on all interfaces and talk multicast for discovery; this does neither. The server
encodes with one ffmpeg for each client. Prints one JSON line ``{"port": N}`` when it listens; ends when its standard input is closed.
"""

import json
import socket
import sys
import threading

import numpy as np
from ipycam.rtsp import NativeRTSPServer

NAME = "video_main"
WIDTH_PX, HEIGHT_PX, FPS = 320, 240, 25


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def main() -> None:
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    port = free_port()
    server = NativeRTSPServer(port=port, host="127.0.0.1")
    server.add_stream(NAME, WIDTH_PX, HEIGHT_PX, FPS, "400k")
    if not server.start():
        sys.exit("ipycam's server did not start")
    print(json.dumps({"port": port}), flush=True)
    number = 0
    while not ended.wait(1 / FPS):
        picture = np.full((HEIGHT_PX, WIDTH_PX, 3), 40, np.uint8)
        picture[:, number * 5 % WIDTH_PX : number * 5 % WIDTH_PX + 40] = 200
        server.stream_frame(NAME, picture)
        number += 1
    server.stop()


if __name__ == "__main__":
    main()
