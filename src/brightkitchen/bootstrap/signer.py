"""The signer's process: a key, a socket, nothing else. It reads no database, no recording and no network."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Final

from brightkitchen.bootstrap.inherited import read_inheritance, watch_launcher
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.log import configure_logging
from brightkitchen.signer.keys import KeyFolder
from brightkitchen.signer.server import SignerServer
from brightkitchen.signer.stamps import StampKeys

LOOK_EVERY_S: Final = 3600.0


def run_signer(config: Config, inherit_fd: int) -> int:
    """Run the signer until SIGTERM or until the launcher is gone. returns: the exit code."""
    configure_logging(process="signer", level=config.log.level)
    inheritance = read_inheritance(inherit_fd)
    asyncio.run(_serve(config, inheritance.signer_secret, inherit_fd))
    return 0


async def _serve(config: Config, secret: str, inherit_fd: int) -> None:
    clock = SystemClock()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    watch_launcher(inherit_fd, stop.set)
    folder, entropy = signer_dir_of(config), SystemEntropy()
    keys = KeyFolder(folder, suite=config.evidence.suite, clock=clock, entropy=entropy)
    server = SignerServer(keys, StampKeys(folder, clock=clock, entropy=entropy), secret=secret, clock=clock)
    await server.open(signer_socket_of(config))
    print(json.dumps({"event": "ready"}), flush=True)
    try:
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
            except TimeoutError:
                keys.renew_if_due()
    finally:
        await server.close()


def signer_dir_of(config: Config) -> Path:
    """Return the folder of the keys, absolute."""
    if config.evidence.signer_dir:
        return Path(config.evidence.signer_dir).resolve()
    return Path(config.data_dir).resolve() / "signer"


def signer_socket_of(config: Config) -> Path:
    """Return where the signer listens."""
    return Path(config.data_dir).resolve() / "run" / "signer.sock"
