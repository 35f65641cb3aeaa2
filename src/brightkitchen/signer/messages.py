"""What control and the signer say to each other: JSON lines over a Unix socket, an answer for each question, in order."""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from brightkitchen.kernel.evidence import Seal, What

MAX_LINE_BYTES: Final = 16 * 1024
MAX_ANSWER_BYTES: Final = 1024 * 1024
MAX_STAMP_BYTES: Final = 6 * 1024
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
StampHex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})+$", max_length=2 * MAX_STAMP_BYTES)]


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", forbid_unknown_fields=True):
    """The first line. secret: of this start, inherited by control and signer alone."""

    secret: str

    def __repr__(self) -> str:
        return "Hello(secret=…)"


class SignAsk(msgspec.Struct, frozen=True, kw_only=True, tag="sign", forbid_unknown_fields=True):
    """Sign this digest of that kind; nothing else can be asked for."""

    what: What
    digest: Digest


class KeysAsk(msgspec.Struct, frozen=True, kw_only=True, tag="keys", forbid_unknown_fields=True):
    """The history of public keys, please."""


class StampAsk(msgspec.Struct, frozen=True, kw_only=True, tag="stamp", forbid_unknown_fields=True):
    """Sign this COSE Sig_structure (hex) with the C2PA key; anything else is refused (docs/design/evidence.md §5, E5)."""

    to_sign: StampHex


class StampChainAsk(msgspec.Struct, frozen=True, kw_only=True, tag="stamp_chain", forbid_unknown_fields=True):
    """The certificates of the C2PA key, please."""


Ask = Hello | SignAsk | KeysAsk | StampAsk | StampChainAsk


class Welcomed(msgspec.Struct, frozen=True, kw_only=True, tag="welcome", forbid_unknown_fields=True):
    """The secret was right."""


class Signed(msgspec.Struct, frozen=True, kw_only=True, tag="signed", forbid_unknown_fields=True):
    seal: Seal


class Keys(msgspec.Struct, frozen=True, kw_only=True, tag="keys", forbid_unknown_fields=True):
    """lines: the history file as text."""

    lines: str


class Stamped(msgspec.Struct, frozen=True, kw_only=True, tag="stamped", forbid_unknown_fields=True):
    """signature: hex."""

    signature: str


class StampChain(msgspec.Struct, frozen=True, kw_only=True, tag="stamp_chain", forbid_unknown_fields=True):
    """Certificates as PEM: of the key in use, and of the installation's root that signed it."""

    leaf: str
    root: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused", forbid_unknown_fields=True):
    """code: of a sentence."""

    code: str


Answer = Welcomed | Signed | Keys | Stamped | StampChain | Refused
decode_ask: Final[Callable[[bytes], Ask]] = msgspec.json.Decoder(Ask).decode
decode_answer: Final[Callable[[bytes], Answer]] = msgspec.json.Decoder(Answer).decode
