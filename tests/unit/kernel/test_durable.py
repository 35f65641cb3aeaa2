"""A file is replaced whole, for the right eyes only."""

import stat
from pathlib import Path

import pytest

from brightkitchen.kernel.durable import replace_file


def test_file_is_replaced_whole_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for data in (b"one", b"another"):
        replace_file(file, data)
        assert file.read_bytes() == data
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_draft_that_a_fall_left_is_no_hindrance_and_its_mode_is_not_kept(tmp_path: Path) -> None:
    draft = tmp_path / "ca.crt.new"
    draft.write_bytes(b"torn")
    draft.chmod(0o666)
    replace_file(tmp_path / "ca.crt", b"whole", mode=0o644)
    assert (tmp_path / "ca.crt").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "ca.crt").stat().st_mode) == 0o644


def test_link_in_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "key.new").symlink_to(tmp_path / "other")
    replace_file(tmp_path / "key", b"ours")
    assert (tmp_path / "other").read_bytes() == b"theirs"


def test_file_that_cannot_be_replaced_stays_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "key", b"new")
    assert (tmp_path / "key").is_dir()
