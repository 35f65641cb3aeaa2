"""What is wrong with a chain, and what kind of wrong: a pure function of rows, anchors and the database's own memory.

A chain proves that no row was changed *after* the rows behind it were hashed, and nothing more: who holds the database can cut its
tail, or change a row and compute all that follows anew. So each anchor is compared with the row it names. How the four attacks are told
apart, and where that must stay a guess, is docs/design/audit.md §5.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from brightkitchen.domain.audit.anchors import (
    Anchor,
    FoundAnchors,
    Line,
    PublicKey,
    is_signed_by,
    parse_anchor,
    parse_key,
)
from brightkitchen.domain.audit.chain import GENESIS, hash_row, hash_texts
from brightkitchen.domain.audit.model import ERASURE, Row, Texts
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

CLOCK_SKEW_US: Final = 5 * US_PER_S


class Trouble(StrEnum):
    """What was found; "audit.found.<value>" is its sentence."""

    EDITED = "edited"
    GAP = "gap"
    CUT = "cut"
    RECOMPUTED = "recomputed"
    RESTORED = "restored"
    HEAD = "head"
    TEXT_EDITED = "text_edited"
    TEXT_GONE = "text_gone"
    ANCHOR_EDITED = "anchor_edited"
    ANCHOR_GAP = "anchor_gap"
    ANCHOR_SIGNATURE = "anchor_signature"
    ANCHORS_CUT = "anchors_cut"
    ANCHORS_DIFFER = "anchors_differ"
    ANCHOR_TORN = "anchor_torn"
    KEY_STRANGE = "key_strange"
    NO_ANCHORS = "no_anchors"
    COPY_OLD = "copy_old"


_NOTES: Final = frozenset((Trouble.ANCHOR_TORN, Trouble.COPY_OLD))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. accepted: somebody has looked into it and the settings say so."""

    trouble: Trouble
    params: dict[str, str | int]
    accepted: bool = False

    @property
    def is_failure(self) -> bool:
        """False for what is only worth knowing."""
        return self.trouble not in _NOTES and not self.accepted


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the database says of itself: the end of its chain, and the number of the newest anchor it gave away."""

    seq: int
    hash: str
    anchor_no: int


@dataclass(frozen=True, slots=True)
class CheckedAnchors:
    """Anchors whose signatures are good, in order of their numbers, and what was wrong with the others."""

    anchors: tuple[Anchor, ...]
    findings: tuple[Finding, ...]
    root: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to. root: fingerprint of the first signing key, to compare with what was written down."""

    rows: int
    last_at: Utc
    anchors: int
    root: str
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return not any(finding.is_failure for finding in self.findings)


def check_anchors(found: FoundAnchors, *, trusted_root: str = "") -> CheckedAnchors:
    """Judge a folder of anchors alone. trusted_root: the fingerprint that was written down; "" = believe the folder's first key."""
    findings: list[Finding] = []
    keys, root = _check_keys(found.keys, trusted_root, findings)
    anchors: list[Anchor] = []
    for line in found.lines:
        anchor = parse_anchor(line.data)
        where: dict[str, str | int] = {"file": line.file, "line": line.number}
        if anchor is None:
            # a fall can leave this; if it hides an anchor, the next one's number and hash will say so
            findings.append(Finding(Trouble.ANCHOR_TORN, where))
            continue
        key = keys.get(anchor.kid)
        if key is None or not is_signed_by(key.public_key, anchor.signature, anchor.to_sign()):
            findings.append(Finding(Trouble.ANCHOR_SIGNATURE, {**where, "anchor": anchor.number}))
            continue
        before = anchors[-1] if anchors else None
        expected = before.number + 1 if before else 1
        if anchor.number != expected:
            findings.append(Finding(Trouble.ANCHOR_GAP, {**where, "anchor": anchor.number, "expected": expected}))
        elif anchor.before != (before.hash() if before else ""):
            findings.append(Finding(Trouble.ANCHOR_EDITED, {**where, "anchor": anchor.number}))
        anchors.append(anchor)
    return CheckedAnchors(tuple(anchors), tuple(findings), root)


def compare_copies(own: Sequence[Anchor], copy: Sequence[Anchor]) -> list[Finding]:
    """Return the first anchor that a copy held elsewhere has otherwise than our own folder, or that ours has lost."""
    ours = {anchor.number: anchor for anchor in own}
    for anchor in copy:
        if ours.get(anchor.number) != anchor:
            return [Finding(Trouble.ANCHORS_DIFFER, {"anchor": anchor.number, "at": format_utc(anchor.at)})]
    return []


@dataclass(slots=True)
class _Line:
    """What is known of the anchors of one line (a stretch without a fork)."""

    lost: list[Anchor] = field(default_factory=list)
    is_later: bool = False


class ChainCheck:
    """Feed all rows in order, then `finish`. Memory does not grow with the chain, but with its anchors and erasures."""

    def __init__(self, checked: CheckedAnchors, *, accepted_lines: Collection[int] = ()) -> None:
        """accepted_lines: the numbers of anchor lines that began with a restore which somebody has answered for."""
        self._checked = checked
        self._accepted = frozenset(accepted_lines)
        self._due = sorted(checked.anchors, key=lambda anchor: (anchor.seq, anchor.at))
        self._next = 0
        self._lines: dict[int, _Line] = {anchor.line: _Line() for anchor in checked.anchors}
        self._findings: dict[Trouble, Finding] = {}
        self._seq, self._hash, self._at = 0, GENESIS, Utc(0)
        self._rows = 0
        self._tombstones: set[int] = set()
        self._erasures: set[int] = set()
        self._meet_anchors()

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        return self._rows

    def feed(self, rows: Iterable[tuple[Row, Texts | None]]) -> None:
        """Take the next rows."""
        for row, texts in rows:
            if row.seq != self._seq + 1:
                self._find(Trouble.GAP, first=self._seq + 1, last=row.seq - 1, at=format_utc(row.at))
            elif hash_row(self._hash, row) != row.hash:
                self._find(Trouble.EDITED, seq=row.seq, at=format_utc(row.at))
            self._check_texts(row, texts)
            self._seq, self._hash, self._at = row.seq, row.hash, row.at
            self._rows += 1
            if self._next < len(self._due) and row.seq >= self._due[self._next].seq:
                self._meet_anchors()

    def finish(self, remembered: Remembered, *, is_own_folder: bool) -> Report:
        """Return the verdict. is_own_folder: the anchors are those that this database's control writes, not a copy."""
        anchors = self._checked.anchors
        for anchor in self._due[self._next :]:
            self._lines[anchor.line].lost.append(anchor)
        findings = [*self._checked.findings, *self._findings.values(), *self._judge_lines(remembered)]
        known = {finding.trouble for finding in findings}
        if remembered.seq > self._seq and Trouble.CUT not in known:
            findings.append(self._cut(remembered.seq))
        elif remembered.seq == self._seq and remembered.hash != self._hash and not known & {Trouble.EDITED}:
            findings.append(Finding(Trouble.HEAD, {"seq": self._seq}))
        for seq in sorted(self._tombstones - self._erasures)[:1]:
            findings.append(Finding(Trouble.TEXT_GONE, {"seq": seq}))
        newest = anchors[-1].number if anchors else 0
        if newest < remembered.anchor_no:
            trouble = Trouble.ANCHORS_CUT if is_own_folder else Trouble.COPY_OLD if anchors else Trouble.NO_ANCHORS
            findings.append(Finding(trouble, {"anchor": newest, "expected": remembered.anchor_no}))
        elif not anchors and self._rows:
            findings.append(Finding(Trouble.NO_ANCHORS, {"anchor": 0, "expected": 1}))
        return Report(self._rows, self._at, len(anchors), self._checked.root, tuple(findings))

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _meet_anchors(self) -> None:
        """Compare the anchors that name the row just read (or one that is not there)."""
        while self._next < len(self._due) and self._due[self._next].seq <= self._seq:
            anchor = self._due[self._next]
            line = self._lines[anchor.line]
            # an anchor below the row just read names one that a gap swallowed: the gap is told already
            if anchor.seq == self._seq and anchor.head != self._hash:
                if not line.lost:
                    # a row that is younger than the anchor which counted another in its place: the end was replaced later
                    line.is_later = self._at > anchor.at + CLOCK_SKEW_US
                line.lost.append(anchor)
            self._next += 1

    def _check_texts(self, row: Row, texts: Texts | None) -> None:
        if row.kind == ERASURE and row.object_kind == "audit" and row.object_id.isdigit():
            self._erasures.add(int(row.object_id))
        if texts is None:
            if row.texts:
                self._find(Trouble.TEXT_GONE, seq=row.seq)
        elif texts.salt is None or texts.text is None:
            self._tombstones.add(row.seq)
        elif hash_texts(texts.salt, texts.text) != row.texts:
            self._find(Trouble.TEXT_EDITED, seq=row.seq, at=format_utc(row.at))

    def _find(self, trouble: Trouble, **params: str | int) -> None:
        self._findings.setdefault(trouble, Finding(trouble, dict(params)))

    # -- anchors -------------------------------------------------------------------------------------------------------

    def _judge_lines(self, remembered: Remembered) -> list[Finding]:
        anchors = self._checked.anchors
        all_lost = {anchor.number for line in self._lines.values() for anchor in line.lost}
        findings = []
        for number, line in sorted(self._lines.items()):
            if not line.lost:
                continue
            first = min(line.lost, key=lambda anchor: (anchor.seq, anchor.number))
            last = max(line.lost, key=lambda anchor: (anchor.seq, anchor.number))
            kept = (each.seq for each in anchors if each.seq < first.seq and each.number not in all_lost)
            matched = max(kept, default=0)
            fork = next((anchor for anchor in anchors if anchor.line > number), None)
            if fork is not None:
                trouble = {"restored": Trouble.RESTORED, "cut": Trouble.CUT}.get(fork.why, Trouble.RECOMPUTED)
            elif first.seq <= self._seq:
                trouble = Trouble.RESTORED if line.is_later else Trouble.RECOMPUTED
            else:
                trouble = Trouble.RESTORED if remembered.anchor_no < anchors[-1].number else Trouble.CUT
            if trouble is Trouble.CUT and fork is None:
                findings.append(self._cut(last.seq, last))
                continue
            findings.append(
                Finding(
                    trouble,
                    {
                        "good": matched if first.seq <= self._seq else self._seq,
                        "first": (matched if first.seq <= self._seq else self._seq) + 1,
                        "last": last.seq,
                        "anchor": first.number,
                        "at": format_utc(last.at),
                        "line": fork.line if fork is not None else 0,
                    },
                    accepted=fork is not None and fork.line in self._accepted,
                )
            )
        return findings

    def _cut(self, last: int, anchor: Anchor | None = None) -> Finding:
        return Finding(
            Trouble.CUT,
            {
                "good": self._seq,
                "first": self._seq + 1,
                "last": last,
                "anchor": anchor.number if anchor else 0,
                "at": format_utc(anchor.at if anchor else self._at),
                "line": 0,
            },
        )


def _check_keys(lines: Sequence[Line], trusted_root: str, findings: list[Finding]) -> tuple[dict[str, PublicKey], str]:
    """Return the keys that are vouched for, back to the first, and the first one's fingerprint."""
    keys: dict[str, PublicKey] = {}
    root = ""
    for line in lines:
        key = parse_key(line.data)
        where: dict[str, str | int] = {"file": line.file, "line": line.number}
        if key is None:
            findings.append(Finding(Trouble.ANCHOR_TORN, where))
            continue
        signer = keys.get(key.before) if key.before else (key if not keys else None)
        is_good = signer is not None and is_signed_by(signer.public_key, key.signature, key.to_sign())
        if not is_good or (not keys and trusted_root and key.fingerprint() != trusted_root):
            findings.append(Finding(Trouble.KEY_STRANGE, {**where, "kid": key.kid}))
            continue
        root = root or key.fingerprint()
        keys[key.kid] = key
    return keys, root
