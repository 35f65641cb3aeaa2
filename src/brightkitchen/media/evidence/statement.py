"""The node's own signature under what it hands over (docs/design/evidence.md §4)."""

from pathlib import Path

from brightkitchen.kernel.durable import replace_file
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import SignedStatement, Statement, statement_to_sign
from brightkitchen.kernel.signing import SUITES, PrivateKey


class StatementKey:
    """The key of one node."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> str:
        """64 hex digits; control pins them."""
        return self._key.public_key.hex()

    def sign(self, statement: Statement) -> SignedStatement:
        """Return the statement under this node's name."""
        signature = self._key.sign(statement_to_sign(statement)).hex()
        return SignedStatement(statement=statement, public_key=self.public_key, signature=signature)


def open_statement_key(file: Path, entropy: Entropy) -> StatementKey:
    """Return the node's key; makes it, for this user alone, at the first start. raises: "signer.keys_damaged"."""
    suite = SUITES["ed25519"]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        replace_file(file, suite.generate(entropy).to_bytes())
    try:
        return StatementKey(suite.load(file.read_bytes()))
    except ValueError as cause:
        raise BrightKitchenError(Kind.DATA_LOSS, "signer.keys_damaged", what=file.name) from cause
