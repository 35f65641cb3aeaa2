"""Signs a file with C2PA, or reads such a signature, in a jail: `python -m brightkitchen.media.evidence.stamping` (docs/design/evidence.md §8a).

Standard input and output are the talk with the parent, lines of JSON: a `Head`, then for every signature a question (`Sign`) that the
parent takes to the signer, at the end an `Outcome`. The files are descriptors that the parent opened. This process knows no key, no
path and no network; one file, then it ends. Nothing else of the product imports the library: it takes 60 MB.
"""

import fcntl
import json
import os
import sys
from typing import Annotated, Any, BinaryIO, Final

import msgspec

from brightkitchen.media.decode.jail import enter_jail

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_LINE_BYTES: Final = 256 * 1024
_SOURCE, _TARGET, _OPEN = 3, 4, 5
_SAMPLE: Final = b"\xff\xd8\xff\xd9"
_SETTINGS: Final[dict[str, Any]] = {  # Any: the library's own settings
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is wished. claim: the library's definition of a manifest as JSON, "" = read. chain: PEM, the leaf first, to sign with;
    the root, to read with ("" = none is trusted). source, target: descriptors; target -1 = none. media_type: "image/jpeg" or "video/mp4"."""

    claim: str = ""
    chain: str
    media_type: str
    source: int
    target: int = -1


class Sign(msgspec.Struct, frozen=True, kw_only=True, tag="sign"):
    """Please have this COSE Sig_structure signed (hex)."""

    to_sign: str


class Signature(msgspec.Struct, frozen=True, kw_only=True, tag="signature"):
    """The parent's answer, hex."""

    signature: Annotated[str, msgspec.Meta(max_length=1024)]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome"):
    """The end. state: "Valid", "Trusted", "Invalid" as the library judges the file; "none": no C2PA inside; "error": it gave up.

    codes: of what failed, the library's words. assertions: label → data of the active manifest. jail: what was in force.
    """

    state: str
    codes: tuple[str, ...] = ()
    assertions: dict[str, Any] = {}  # Any: JSON
    signer: str = ""
    jail: tuple[str, ...] = ()


def main() -> None:
    """Read the wish, warm up, enter the jail, do it, say how it ended."""
    head = msgspec.json.decode(sys.stdin.buffer.readline(MAX_LINE_BYTES), type=Head)
    import c2pa

    source, target = _take_files(head)
    is_judged = bool(head.chain and not head.claim)
    settings = {**_SETTINGS, "trust": {"trust_anchors": head.chain}} if is_judged else _SETTINGS
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    kept = [c2pa.Stream(sys.stdin.buffer)]  # as long as one callback lives the page with the others stays executable
    _warm_up(c2pa, context, head)
    signer = _build_signer(c2pa, head) if head.claim else None
    jail = enter_jail(most_open=_OPEN, most_file_bytes=MAX_FILE_BYTES + 1024 * 1024)
    if signer is not None:
        outcome = _sign(c2pa, context, signer, head, source, target, jail)
    else:
        outcome = _read(c2pa, context, head, source, jail)
    _say(outcome)
    del kept
    os._exit(0)  # nothing is left to tidy, and the library's end would want what the jail took


def _take_files(head: Head) -> tuple[BinaryIO, BinaryIO | None]:
    """Put the files where the jail leaves them open."""
    high = [fcntl.fcntl(each, fcntl.F_DUPFD, 64) if each >= 0 else -1 for each in (head.source, head.target)]
    os.dup2(high[0], _SOURCE)
    if high[1] < 0:
        return os.fdopen(_SOURCE, "rb", buffering=0, closefd=False), None
    os.dup2(high[1], _TARGET)
    return (
        os.fdopen(_SOURCE, "rb", buffering=0, closefd=False),
        os.fdopen(_TARGET, "r+b", buffering=0, closefd=False),
    )


def _build_signer(c2pa: Any, head: Head) -> Any:  # Any: the library has no types
    return c2pa.Signer.from_callback(_ask_parent, c2pa.C2paSigningAlg.ED25519, head.chain, None)


def _warm_up(c2pa: Any, context: Any, head: Head) -> None:
    """Go the whole way once with nothing, so that all of the library is loaded; it ends in an error, as it must."""
    import io

    try:
        if head.claim:
            with _build_signer(c2pa, head) as signer:
                c2pa.Builder(head.claim, context).sign(signer, head.media_type, io.BytesIO(b""), io.BytesIO())
        else:
            c2pa.Reader(head.media_type, io.BytesIO(_SAMPLE), context=context)
    except c2pa.C2paError:
        return


def _ask_parent(data: bytes) -> bytes:
    _say(Sign(to_sign=bytes(data).hex()))
    answer = msgspec.json.decode(sys.stdin.buffer.readline(MAX_LINE_BYTES), type=Signature)
    return bytes.fromhex(answer.signature)


def _sign(
    c2pa: Any, context: Any, signer: Any, head: Head, source: BinaryIO, target: BinaryIO | None, jail: tuple[str, ...]
) -> Outcome:
    try:
        builder = c2pa.Builder(head.claim, context)
        builder.sign(signer, head.media_type, source, target)
    except c2pa.C2paError as error:
        return Outcome(state="error", codes=(str(error)[:200],), jail=jail)
    return Outcome(state="Valid", jail=jail)


def _read(c2pa: Any, context: Any, head: Head, source: BinaryIO, jail: tuple[str, ...]) -> Outcome:
    try:
        reader = c2pa.Reader(head.media_type, source, context=context)
        said = json.loads(reader.json())
    except c2pa.C2paError as error:
        state = "none" if "ManifestNotFound" in type(error).__name__ or "ManifestNotFound" in str(error) else "error"
        return Outcome(state=state, codes=(str(error)[:200],), jail=jail)
    active = said["manifests"][said["active_manifest"]]
    return Outcome(
        state=said.get("validation_state", "Invalid"),
        codes=tuple(dict.fromkeys(each["code"] for each in said.get("validation_status", ()))),
        assertions={each["label"]: each["data"] for each in active.get("assertions", ())},
        signer=active.get("signature_info", {}).get("common_name", ""),
        jail=jail,
    )


def _say(message: Sign | Outcome) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
