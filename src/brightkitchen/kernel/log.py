"""Structured logs: one JSON object a line, on standard error; nothing secret, nothing that forges a line.

Redaction works by key and by pattern, because a secret comes in through the text of a library's exception as
easily as through a field. Foreign text is cut at 256 characters; control characters are escaped by JSON itself.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

MAX_FOREIGN_CHARS: Final = 256
_SECRET_KEYS: Final = re.compile(
    r"pass(word|wd)?|secret|token|cookie|authorization|private|handle|credential", re.IGNORECASE
)
_PATTERNS: Final = (
    (re.compile(r"(\w[\w+.-]*://)[^\s\"'<>]*@"), r"\1…@"),  # userinfo of a URL, "/" and "@" in the password or not
    (re.compile(r"\bbk1s?\.[\w.-]+"), "bk1.…"),  # media tokens
    (re.compile(r"\bbkt_\w+"), "bkt_…"),  # API tokens
    (re.compile(r"(?i)\b(basic|bearer|digest)\s+[\w+/=.-]{8,}"), r"\1 …"),  # Authorization values
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), "1**********"),  # mobile numbers
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "******************"),  # resident ID numbers
)


def redact(text: str) -> str:
    """Return `text` without what must not be logged, at most 256 characters of it."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= MAX_FOREIGN_CHARS else text[: MAX_FOREIGN_CHARS - 1] + "…"


def _clean(value: Any) -> Any:  # Any: log fields are whatever the caller has
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): "…" if _SECRET_KEYS.search(str(key)) else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean(item) for item in value]
    return redact(str(value))


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: redact every field. Any: structlog's own signature."""
    for key in list(event):
        event[key] = "…" if _SECRET_KEYS.search(key) else _clean_long(key, event[key])
    return event


def _clean_long(key: str, value: Any) -> Any:
    if key == "exception" and isinstance(value, str):  # a traceback is ours: keep its length, mend its content
        return "\n".join(redact(line) for line in value.splitlines()[-60:])
    return _clean(value)


def configure_logging(*, process: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records to `stream` (standard error) as JSON lines.

    process: the word that says which of our processes speaks, e.g. "control" or "node-0".
    """
    target = stream or sys.stderr
    shared: list[Any] = [  # Any: structlog's processor protocol is wider than it needs to be
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]

    def add_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                add_process,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; use it as ``log.info("segment closed", camera=…, size_bytes=…)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class Repeats:
    """Says a repeated thing once per interval, with how often it happened meanwhile."""

    def __init__(self, interval_s: float = 60.0) -> None:
        self._interval_s = interval_s
        self._last: dict[str, tuple[float, int]] = {}

    def count(self, key: str, now_s: float) -> int | None:
        """Count one more of `key`; return how many there were if it is time to say so, else None."""
        said_s, waiting = self._last.get(key, (float("-inf"), 0))
        if now_s - said_s >= self._interval_s:
            self._last[key] = (now_s, 0)
            return waiting + 1
        self._last[key] = (said_s, waiting + 1)
        return None
