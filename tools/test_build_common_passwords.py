"""The list that ships is what the tool makes."""

from tools.build_common_passwords import FILE, build_list


def test_list_in_the_package_is_what_the_tool_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == build_list()
