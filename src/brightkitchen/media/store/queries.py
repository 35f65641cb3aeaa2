"""Timelines out of rows, noted gaps and open segments. Pure."""

from collections.abc import Iterable, Sequence

from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.model import JOIN_TOLERANCE_US, Gap, GapReason, Span


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """Return `spans` in order, those that overlap or lie closer than JOIN_TOLERANCE_US made one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.from_at):
        if joined and span.from_at - joined[-1].to_at < JOIN_TOLERANCE_US:
            joined[-1] = Span(joined[-1].from_at, max(joined[-1].to_at, span.to_at))
        else:
            joined.append(span)
    return joined


def clip_spans(spans: Iterable[Span], from_at: Utc, to_at: Utc) -> list[Span]:
    """Return what of `spans` lies in [from_at, to_at)."""
    clipped = (Span(max(span.from_at, from_at), min(span.to_at, to_at)) for span in spans)
    return [span for span in clipped if span.from_at < span.to_at]


def holes_between(spans: Sequence[Span], from_at: Utc, to_at: Utc) -> list[Span]:
    """Return what of [from_at, to_at) the joined `spans` leave out."""
    holes: list[Span] = []
    at = from_at
    for span in spans:
        if span.from_at > at:
            holes.append(Span(at, span.from_at))
        at = max(at, span.to_at)
    if at < to_at:
        holes.append(Span(at, to_at))
    return holes


def explain_holes(holes: Iterable[Span], noted: Sequence[Gap]) -> list[Gap]:
    """Return each hole cut into stretches with the reason that was noted for them; the rest is `unknown`.

    noted: by start, not overlapping. A rest shorter than JOIN_TOLERANCE_US takes its neighbour's reason.
    """
    explained: list[Gap] = []
    for hole in holes:
        parts: list[Gap] = []
        at = hole.from_at
        for gap in noted:
            start, end = max(gap.from_at, at), min(gap.to_at, hole.to_at)
            if start >= end:
                continue
            if start - at >= JOIN_TOLERANCE_US:
                parts.append(Gap(at, start, GapReason.UNKNOWN.value))
                at = start
            parts.append(Gap(at, end, gap.reason))
            at = end
        explained.extend(_close_rest(parts, at, hole.to_at))
    return explained


def overlay_gaps(noted: Sequence[Gap], spans: Sequence[Span], reason: str) -> list[Gap]:
    """Return `noted` with `spans` (in order, apart) laid over it as gaps of `reason`, by start and not overlapping."""
    if not spans:
        return list(noted)
    laid = [Gap(span.from_at, span.to_at, reason) for span in spans]
    for gap in noted:
        rests = holes_between([span for span in spans if span.to_at > gap.from_at], gap.from_at, gap.to_at)
        laid.extend(
            Gap(rest.from_at, min(rest.to_at, gap.to_at), gap.reason) for rest in rests if rest.from_at < gap.to_at
        )
    return sorted(laid, key=lambda gap: gap.from_at)


def _close_rest(parts: list[Gap], at: Utc, to_at: Utc) -> list[Gap]:
    if at >= to_at:
        return parts
    if parts and to_at - at < JOIN_TOLERANCE_US:
        return [*parts[:-1], Gap(parts[-1].from_at, to_at, parts[-1].reason)]
    return [*parts, Gap(at, to_at, GapReason.UNKNOWN.value)]


def join_holds(spans: Iterable[Span]) -> list[Span]:
    """Return `spans` in order, those that touch made one. Nothing is added to what is held."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.from_at):
        if joined and span.from_at <= joined[-1].to_at:
            joined[-1] = Span(joined[-1].from_at, max(joined[-1].to_at, span.to_at))
        elif span.from_at < span.to_at:
            joined.append(span)
    return joined


def windows_between(held: Sequence[Span], until: int) -> list[tuple[int, int]]:
    """Return the stretches before `until` in which nothing is held: a file that lies wholly in one may go.

    held: in order, apart.
    """
    windows: list[tuple[int, int]] = []
    at = -(1 << 62)
    for span in held:
        if min(span.from_at, until) > at:
            windows.append((at, min(span.from_at, until)))
        at = max(at, span.to_at)
    if at < until:
        windows.append((at, until))
    return windows
