"""A real nginx with deploy/nginx.conf, on loopback, under a folder of its own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.caller import until
from tests.e2e.product import ROOT

EXAMPLE = ROOT / "deploy" / "nginx.conf"
PROXY_ADDRESS = "127.0.0.3"
"""From which nginx asks the product, so that its requests can be told from a browser's."""

# What a distribution's own file brings, as far as it matters, and paths that need no root.
_AROUND = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    proxy_bind {proxy_address};
    include {folder}/brightkitchen.conf;
}}
"""


def write_site(folder: Path, *, pem: Path, port: int, plain_port: int, page_port: int, node_port: int) -> None:
    """Do what the example asks the operator to do: change the marked places, and the ports. Each has to be there."""
    text = EXAMPLE.read_text("utf-8")
    for old, new in {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "server_name kitchen.example.cn;": "server_name localhost;",
        "/etc/letsencrypt/live/kitchen.example.cn/fullchain.pem": str(pem),
        "/etc/letsencrypt/live/kitchen.example.cn/privkey.pem": str(pem),
        "/var/log/nginx/": f"{folder}/",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{page_port};",
        "server 127.0.0.1:8081;": f"server 127.0.0.1:{node_port};",
        "https://$host$request_uri": f"https://$host:{port}$request_uri",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "brightkitchen.conf").write_text(text, "utf-8")
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, proxy_address=PROXY_ADDRESS), "utf-8")


@contextmanager
def running_nginx(folder: Path, port: int) -> Iterator[None]:
    """Run nginx with the site in `folder`, which listens on `port` from the beginning of the block to its end."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    assert program is not None
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    subprocess.run([*command, "-t"], check=True, timeout=20, capture_output=True)
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen(command, stderr=said)

    def listens() -> bool:
        assert process.poll() is None, (folder / "said.log").read_text()
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, 20, "nginx listens")
        yield
        assert process.poll() is None, (folder / "said.log").read_text()
    finally:
        process.terminate()
        process.wait(10)
