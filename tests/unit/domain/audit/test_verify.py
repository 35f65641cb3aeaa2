"""Each attack as rows and anchors alone, and what it is called. No database, no files."""

import dataclasses
from collections.abc import Sequence

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.anchors import (
    HEAD,
    Anchor,
    FoundAnchors,
    Line,
    PublicKey,
    hash_keys,
    sign_anchor,
    sign_key,
)
from brightkitchen.domain.audit.chain import GENESIS, build_canonical, build_row, close_row, hash_texts
from brightkitchen.domain.audit.model import Entry, Row, Texts
from brightkitchen.domain.audit.verify import (
    ChainCheck,
    Remembered,
    Report,
    Trouble,
    check_anchors,
    compare_copies,
)
from brightkitchen.kernel.units import US_PER_S, Mono, Utc

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = sign_key(
    PublicKey(kid="k1", public_key=KEY.public_key().public_bytes_raw().hex(), created_at=Utc(0), before=""), KEY
)
MINUTE = 60 * US_PER_S


def entry(minute: int, kind: str = model.CHANGE) -> Entry:
    return Entry(kind=kind, at=Utc(minute * MINUTE), mono_s=Mono(0.0), actor_id=f"usr_{minute}")


def chain(minutes: Sequence[int], rows: Sequence[Row] = ()) -> list[Row]:
    """Return `rows` continued by one row for each minute."""
    made = list(rows)
    for minute in minutes:
        made.append(build_row(entry(minute), len(made) + 1, made[-1].hash if made else GENESIS, ""))
    return made


def anchor(row: Row, before: Anchor | None = None, **changes: object) -> Anchor:
    plain = Anchor(
        number=before.number + 1 if before else 1,
        type=HEAD,
        at=Utc(row.at + US_PER_S),
        seq=row.seq,
        head=row.hash,
        kid="k1",
        keys=hash_keys([PUBLIC]),
        before=before.hash() if before else "",
        line=before.line if before else 0,
    )
    return sign_anchor(msgspec.structs.replace(plain, **changes), KEY)


def anchors(*rows: Row) -> list[Anchor]:
    made: list[Anchor] = []
    for row in rows:
        made.append(anchor(row, made[-1] if made else None))
    return made


def found(items: Sequence[Anchor], keys: Sequence[PublicKey] = (PUBLIC,)) -> FoundAnchors:
    return FoundAnchors(
        tuple(Line("2026.jsonl", n, build_canonical(msgspec.structs.asdict(each))) for n, each in enumerate(items, 1)),
        tuple(Line("keys.jsonl", n, build_canonical(msgspec.structs.asdict(each))) for n, each in enumerate(keys, 1)),
    )


def verdict(
    rows: Sequence[Row],
    items: Sequence[Anchor],
    *,
    head: Row | None = None,
    anchor_no: int | None = None,
    accepted: Sequence[int] = (),
    own: bool = True,
) -> Report:
    """Check rows one by one; by default the database remembers its last row and every anchor."""
    check = ChainCheck(check_anchors(found(items)), accepted_lines=accepted)
    for row in rows:
        check.feed([(row, None)])
    end = head or rows[-1]
    number = anchor_no if anchor_no is not None else (items[-1].number if items else 0)
    return check.finish(Remembered(end.seq, end.hash, number), is_own_folder=own)


def troubles(report: Report) -> list[Trouble]:
    return [finding.trouble for finding in report.findings if finding.is_failure]


def test_untouched_chain_is_well() -> None:
    rows = chain(range(1, 31))
    report = verdict(rows, anchors(rows[9], rows[19]))
    assert (report.is_well, report.rows, report.anchors, report.root) == (True, 30, 2, PUBLIC.fingerprint())


def test_edited_row_is_the_first_that_does_not_fit() -> None:
    rows = chain(range(1, 31))
    rows[14] = dataclasses.replace(rows[14], actor_id="usr_x")
    rows[20] = dataclasses.replace(rows[20], actor_id="usr_y")
    report = verdict(rows, anchors(rows[29]))
    assert [(each.trouble, each.params["seq"]) for each in report.findings] == [(Trouble.EDITED, 15)]


def test_row_edited_with_its_own_hash_breaks_the_next() -> None:
    rows = chain(range(1, 31))
    rows[14] = close_row(dataclasses.replace(rows[14], actor_id="usr_x"), rows[13].hash)
    assert [each.params["seq"] for each in verdict(rows, anchors(rows[29])).findings] == [16]


def test_gap_is_named_and_the_anchor_inside_it_is_no_second_finding() -> None:
    rows = chain(range(1, 31))
    report = verdict(rows[:9] + rows[12:], anchors(rows[10], rows[29]))
    assert [(each.trouble, each.params["first"], each.params["last"]) for each in report.findings] == [
        (Trouble.GAP, 10, 12)
    ]


def test_cut_tail_that_the_database_remembers_is_a_cut() -> None:
    rows = chain(range(1, 31))
    report = verdict(rows[:20], anchors(rows[9], rows[29]))
    assert [(each.trouble, each.params["first"], each.params["last"]) for each in report.findings] == [
        (Trouble.CUT, 21, 30)
    ]


def test_cut_tail_without_any_anchor_is_noticed_by_the_head() -> None:
    rows = chain(range(1, 31))
    assert set(troubles(verdict(rows[:29], [], head=rows[29]))) == {Trouble.CUT, Trouble.NO_ANCHORS}


def test_database_that_knows_fewer_anchors_is_an_older_backup() -> None:
    rows = chain(range(1, 31))
    report = verdict(rows[:20], anchors(rows[9], rows[29]), anchor_no=1)
    assert [(each.trouble, each.params["good"], each.params["last"]) for each in report.findings] == [
        (Trouble.RESTORED, 20, 30)
    ]


def test_chain_computed_anew_is_bracketed_by_anchors() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[19], rows[29])
    forged = rows[:14]
    for row in rows[14:]:
        changed = dataclasses.replace(row, actor_id="usr_x") if row.seq == 15 else row
        forged.append(close_row(changed, forged[-1].hash))
    report = verdict(forged, given)
    assert [(each.trouble, each.params["good"], each.params["anchor"]) for each in report.findings] == [
        (Trouble.RECOMPUTED, 10, 2)
    ]


def test_rows_later_than_the_anchor_that_counted_others_are_an_older_backup() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[29])
    went_on = chain(range(100, 130), rows[:20])
    assert troubles(verdict(went_on, given)) == [Trouble.RESTORED]


@pytest.mark.parametrize(
    ("why", "trouble"),
    [("restored", Trouble.RESTORED), ("cut", Trouble.CUT), ("changed", Trouble.RECOMPUTED)],
)
def test_declared_fork_is_named_as_control_saw_it_until_accepted(why: str, trouble: Trouble) -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[29])
    went_on = chain(range(100, 103), rows[:20])
    given.append(anchor(went_on[-1], given[-1], line=1, why=why))
    assert troubles(verdict(went_on, given)) == [trouble]
    assert verdict(went_on, given, accepted=[1]).is_well


def test_accepted_restore_does_not_hide_a_later_forgery() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[29])
    went_on = chain(range(100, 110), rows[:20])
    given.append(anchor(went_on[-1], given[-1], line=1, why="restored"))
    forged = went_on[:24]
    for row in went_on[24:]:
        forged.append(close_row(dataclasses.replace(row, purpose="patrol"), forged[-1].hash))
    assert troubles(verdict(forged, given, accepted=[1])) == [Trouble.RECOMPUTED]


def test_head_that_fits_no_row_is_named() -> None:
    rows = chain(range(1, 11))
    report = verdict(rows, anchors(rows[9]), head=dataclasses.replace(rows[9], hash="11" * 32))
    assert troubles(report) == [Trouble.HEAD]


def test_anchors_cut_from_our_folder_fail_and_an_old_copy_is_only_told() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[19], rows[29])
    assert troubles(verdict(rows, given[:2], anchor_no=3)) == [Trouble.ANCHORS_CUT]
    old = verdict(rows, given[:2], anchor_no=3, own=False)
    assert (old.is_well, [each.trouble for each in old.findings]) == (True, [Trouble.COPY_OLD])


def test_anchor_taken_out_edited_or_signed_by_a_stranger_is_named() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[19], rows[29])
    assert [each.trouble for each in check_anchors(found([given[0], given[2]])).findings] == [Trouble.ANCHOR_GAP]
    edited = msgspec.structs.replace(given[1], seq=19)
    assert Trouble.ANCHOR_SIGNATURE in [each.trouble for each in check_anchors(found([given[0], edited])).findings]
    replaced = anchor(rows[17], given[0])  # signed by us, but not what the third one follows
    assert [each.trouble for each in check_anchors(found([given[0], replaced, given[2]])).findings] == [
        Trouble.ANCHOR_EDITED
    ]


def test_torn_line_hides_no_anchor() -> None:
    rows = chain(range(1, 31))
    given = anchors(rows[9], rows[19])
    whole = found(given)
    torn = FoundAnchors((whole.lines[0], Line("2026.jsonl", 2, b'{"at":17'), whole.lines[1]), whole.keys)
    checked = check_anchors(torn)
    assert [(each.trouble, each.is_failure) for each in checked.findings] == [(Trouble.ANCHOR_TORN, False)]
    hidden = FoundAnchors((Line("2026.jsonl", 1, b'{"at":17'), whole.lines[1]), whole.keys)
    assert Trouble.ANCHOR_GAP in [each.trouble for each in check_anchors(hidden).findings]


def test_key_is_believed_only_if_an_earlier_one_vouches_for_it() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    plain = PublicKey(kid="k2", public_key=other.public_key().public_bytes_raw().hex(), created_at=Utc(1), before="k1")
    good, alone = sign_key(plain, KEY), sign_key(plain, other)
    rows = chain(range(1, 11))
    by_other = sign_anchor(msgspec.structs.replace(anchor(rows[9]), kid="k2"), other)
    assert check_anchors(found([by_other], [PUBLIC, good])).findings == ()
    assert [each.trouble for each in check_anchors(found([by_other], [PUBLIC, alone])).findings] == [
        Trouble.KEY_STRANGE,
        Trouble.ANCHOR_SIGNATURE,
    ]


def test_first_key_must_be_the_one_written_down() -> None:
    rows = chain(range(1, 11))
    good = check_anchors(found([anchor(rows[9])]), trusted_root=PUBLIC.fingerprint())
    assert good.findings == ()
    bad = check_anchors(found([anchor(rows[9])]), trusted_root="00" * 8)
    assert [each.trouble for each in bad.findings] == [Trouble.KEY_STRANGE, Trouble.ANCHOR_SIGNATURE]


def test_copies_that_differ_are_named_by_the_first_difference() -> None:
    rows = chain(range(1, 31))
    copy = anchors(rows[9], rows[19])
    assert compare_copies(anchors(rows[9], rows[19], rows[29]), copy) == []
    assert [each.params["anchor"] for each in compare_copies(anchors(rows[9], rows[18]), copy)] == [2]
    assert [each.params["anchor"] for each in compare_copies([], copy)] == [1]


def test_names_edited_or_erased_without_a_row_are_named() -> None:
    salt, text = b"s" * 16, '{"name":"甲"}'
    first = build_row(entry(1), 1, GENESIS, hash_texts(salt, text))
    second = build_row(
        dataclasses.replace(entry(2, model.ERASURE), object_kind="audit", object_id="1"), 2, first.hash, ""
    )
    cases = {
        (Texts(salt, text), False): [],
        (Texts(salt, '{"name":"乙"}'), False): [Trouble.TEXT_EDITED],
        (Texts(None, None), True): [],
        (Texts(None, None), False): [Trouble.TEXT_GONE],
        (None, False): [Trouble.TEXT_GONE],
    }
    for (texts, is_recorded), expected in cases.items():
        rows = [first, second] if is_recorded else [first]
        check = ChainCheck(check_anchors(found([anchor(rows[-1])])))
        check.feed([(first, texts), *((row, None) for row in rows[1:])])
        report = check.finish(Remembered(rows[-1].seq, rows[-1].hash, 1), is_own_folder=True)
        assert troubles(report) == expected
