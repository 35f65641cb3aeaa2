"""The built user interface: hashed assets for ever, the page itself with a fresh nonce each time.

No text of a client ever becomes part of a path: the files are listed once, a request is looked up in that list.
"""

import asyncio
import mimetypes
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.web.auth import options_of

NONCE_MARK: Final = b"__BK_NONCE__"
_UI_PATHS: Final = re.compile(
    r"/(?:|login|kiosk|invite|reset|recover|organisations|overview|screen|live|play|playback|patrol|alarms|violations|orders|reviews|complaints|premises|onboarding|"
    r"approvals|recordings|devices|cameras|faults|nodes|evidence|stats|numbers|imports|people|account|audit|admin|m)(?:/[^.]*)?"
)
_MAX_FILE_BYTES: Final = 32 * 1024 * 1024

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    cache: str


class BuiltUi:
    """The files of one build, in memory."""

    def __init__(self, folder: Path) -> None:
        """folder: what Vite built; may be missing, then there is no page."""
        self._files: dict[str, _File] = {}
        self._index: bytes | None = None
        if not folder.is_dir():
            return
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.is_symlink() or path.stat().st_size > _MAX_FILE_BYTES:
                continue
            name = "/" + path.relative_to(folder).as_posix()
            if name == "/index.html":
                self._index = path.read_bytes()
                continue
            is_hashed = name.startswith("/assets/")
            cache = "public, max-age=31536000, immutable" if is_hashed else "public, max-age=300"
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self._files[name] = _File(path.read_bytes(), media_type, cache)

    def answer(self, path: str, nonce: str) -> Response:
        """Return the file or the page for `path`. raises: BrightKitchenError "access.none", "web.no_ui"."""
        file = self._files.get(path)
        if file is not None:
            return Response(file.content, media_type=file.media_type, headers={"cache-control": file.cache})
        if not _UI_PATHS.fullmatch(path):
            raise not_found()
        if self._index is None:
            raise BrightKitchenError(Kind.UNAVAILABLE, "web.no_ui")
        page = self._index.replace(NONCE_MARK, nonce.encode())
        return Response(page, media_type="text/html; charset=utf-8", headers={"cache-control": "no-store"})


@router.get("/ca.crt")
async def get_authority(request: Request) -> Response:
    """Give out the certificate of our own authority, to be installed on phones and desks. It is no secret."""
    file = options_of(request).authority_file
    if file is None:
        raise not_found()
    pem = await asyncio.to_thread(file.read_text, "ascii")
    return Response(
        ssl.PEM_cert_to_DER_cert(pem),
        media_type="application/x-x509-ca-cert",
        headers={"cache-control": "no-store"},
    )


@router.get("/{path:path}")
async def get_page(request: Request, path: str) -> Response:
    """Serve the user interface."""
    ui = request.app.state.ui
    assert isinstance(ui, BuiltUi)
    return ui.answer("/" + path, str(request.scope["bk_nonce"]))
