"""Paths that carry a camera's log-in: which part is kept in the register and which is sealed. Pure."""

import re
from dataclasses import replace
from typing import Final

from brightkitchen.domain.cameras.model import Camera, CameraLogin
from brightkitchen.kernel.camerapath import has_secret, is_masked, mask_path
from brightkitchen.kernel.errors import BrightKitchenError, Kind

MAX_PATH_CHARS: Final = 1024
_PATH: Final = re.compile(r"/[\x21-\x7e]*")


def checked_path(field: str, path: str) -> str:
    """Return an RTSP path. raises: BrightKitchenError "camera.path_invalid"."""
    if max(len(path), len(mask_path(path))) > MAX_PATH_CHARS or not _PATH.fullmatch(path):
        raise BrightKitchenError(Kind.INVALID, "camera.path_invalid", field=field)
    return path


def split_path(field: str, path: str) -> tuple[str, str]:
    """Return the path for the register and the one to seal ("" if both are the same).

    raises: BrightKitchenError "camera.path_invalid", "camera.path_masked" for one that is masked already.
    """
    if is_masked(checked_path(field, path)):
        raise _is_masked(field)
    return mask_path(path), path if has_secret(path) else ""


def sealed_main(current: Camera, kept: CameraLogin | None, given: str | None) -> str:
    """Return the path to seal after a change. given: None = stays. kept: None if it must not be used any more.

    raises: BrightKitchenError "camera.path_masked" for a masked one that stands for nothing we may use.
    """
    return _sealed("url", current.path_main, kept.main_path if kept is not None else "", given)


def sealed_sub(current: Camera, kept: CameraLogin | None, given: str | None) -> str:
    """As `sealed_main`. given: "" = no sub-stream."""
    return _sealed("sub_path", current.path_sub or "", kept.sub_path if kept is not None else "", given)


def _sealed(field: str, shown: str, kept: str, given: str | None) -> str:
    wanted = shown if given is None else given
    if has_secret(wanted):
        return wanted
    if not is_masked(wanted):
        return ""
    if wanted != shown or not kept:
        raise _is_masked(field)
    return kept


def with_paths(login: CameraLogin | None, main_path: str, sub_path: str) -> CameraLogin | None:
    """Return the log-in with its paths; None if there is nothing to keep."""
    whole = replace(login or CameraLogin("", ""), main_path=main_path, sub_path=sub_path)
    return whole if login is not None or whole.is_needed else None


def without_paths(login: CameraLogin | None) -> CameraLogin | None:
    """Return the log-in that was given apart from the paths, None if there was none."""
    if login is None or not (login.username or login.password):
        return None
    return CameraLogin(login.username, login.password)


def _is_masked(field: str) -> BrightKitchenError:
    return BrightKitchenError(Kind.INVALID, "camera.path_masked", field=field)
