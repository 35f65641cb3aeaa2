"""One family of errors. Libraries' errors become ours once, at the boundary, with the cause chained.

An error has a `kind` (what the caller can do about it), a stable `code` (what the sentence is looked up by,
in `kernel/text`) and parameters for that sentence. A secret never becomes a parameter.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Self


class Kind(Enum):
    """What went wrong, coarsely; `web/errors.py` alone maps it to HTTP."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"
    DATA_LOSS = "data_loss"
    INTERNAL = "internal"


class Term(str):
    """A parameter that is itself the code of a sentence, such as ``zone.COOK``: said in the reader's language."""

    __slots__ = ()


class BrightKitchenError(Exception):
    """The base of every error that this product raises on purpose. parts: each thing that is wrong, if there are several."""

    def __init__(self, kind: Kind, code: str, /, **params: str | int | float) -> None:
        self.kind = kind
        self.code = code
        self.params = params
        self.parts: tuple[BrightKitchenError, ...] = ()
        shown = ", ".join(f"{key}={value}" for key, value in params.items())
        super().__init__(f"{code}({shown})" if shown else code)

    def because(self, *parts: "BrightKitchenError") -> Self:
        """Return this error with everything that led to it; each part names its `field`."""
        self.parts = parts
        return self


class FieldErrors(BrightKitchenError):
    """Fields of what somebody filled in are wrong; all are told at once. Never repeats what was in them."""

    def __init__(self, first: BrightKitchenError, *others: BrightKitchenError) -> None:
        """first, others: one for each field, made by `field_error`."""
        super().__init__(Kind.INVALID, "web.fields", field=first.params["field"])
        self.because(first, *others)


def field_error(field: str, code: str = "web.field_unfit", /, **params: str | int | float) -> BrightKitchenError:
    """Return what is wrong with one field."""
    return BrightKitchenError(Kind.INVALID, code, **params | {"field": field})


def not_found() -> BrightKitchenError:
    """Return the one answer to whoever asks for what is not there, or is not theirs to see: it tells the two apart by nothing."""
    return BrightKitchenError(Kind.NOT_FOUND, "access.none")


class EditConflict(BrightKitchenError):
    """Somebody else changed the record first. current: the record as it is now, for whoever may see it.

    shown: `current` as it may leave the server; set by whoever presents it.
    """

    def __init__(self, current: object) -> None:
        super().__init__(Kind.CONFLICT, "edit.conflict")
        self.current = current
        self.shown: Mapping[str, object] | None = None

    def showing(self, shown: Mapping[str, object]) -> "EditConflict":
        """Return this error with what the answer may carry."""
        self.shown = shown
        return self


class WireError(Exception):
    """The base of what the pure parsers raise. Carries where, and the first bytes, so that a vector can be made.

    what:   one sentence in English, without secrets.
    offset: byte offset in the message or stream where it was noticed, or -1.
    sample: at most 64 bytes of what was being read.
    """

    def __init__(self, what: str, *, offset: int = -1, sample: bytes = b"") -> None:
        self.what = what
        self.offset = offset
        self.sample = bytes(sample[:64])
        tail = f" (offset {offset}, bytes {self.sample.hex()})" if self.sample else ""
        super().__init__(what + tail)


class TheirError(WireError):
    """The peer broke the rules. The only error that bytes from the network may cause."""


class OurError(WireError):
    """We asked the core for something that its state does not allow: a bug of ours."""
