"""The one error of this package."""

from brightkitchen.kernel.errors import TheirError


class OidcRefused(TheirError):
    """What the identity provider said is not believed. why: a word for the audit, e.g. "audience"; never a value of theirs."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the identity provider's answer is refused: {why}")
