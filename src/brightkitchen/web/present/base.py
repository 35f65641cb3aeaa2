"""What every answer and every body of the API is built on: a field that is not named does not pass."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from brightkitchen.kernel.units import Utc, format_utc

Text = Annotated[str, StringConstraints(max_length=2048)]
Secret = Annotated[str, StringConstraints(max_length=256)]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Out(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class In(BaseModel):
    """What comes in. Unknown fields are refused; the text of a fault never repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FieldProblemOut(Out):
    field: str
    code: str
    detail: str


class Problem(Out):
    """An error (RFC 9457). `code` is stable; `detail` is a sentence in the reader's language.

    current: after a conflict, the record as it is now, in the shape in which it can be fetched.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    params: dict[str, str | int | float]
    instance: str
    errors: list[FieldProblemOut] = []
    current: dict[str, Any] | None = None  # Any: JSON of whichever record it was


def present_instant(at: Utc | None) -> str | None:
    """Return ISO 8601, or None for never."""
    return format_utc(at) if at else None
