"""What one types to find a name."""

import pytest

from brightkitchen.domain.premises.initials import build_initials


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("站前小学食堂", "zqxxst"),
        ("鞍山市第1幼儿园（总园）", "assd1yeyzy"),
        ("重庆火锅KFC 2店", "cqhgkfc2d"),
        ("银行街长沙米粉", "yhjcsmf"),
        ("演示·七号桥", "ysqhq"),
        ("，。", ""),
    ],
)
def test_initials_of_a_name(name: str, initials: str) -> None:
    assert build_initials(name) == initials


def test_initials_of_the_longest_name_fit_their_column() -> None:
    assert len(build_initials("食" * 100)) == 100
