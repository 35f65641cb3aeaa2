"""From tables to units: what belongs together, and that no log-in stays in a cell."""

import pytest

from brightkitchen.domain.intake.model import Table
from brightkitchen.domain.intake.reading import build_units
from brightkitchen.kernel.errors import BrightKitchenError

PREMISES = ("单位编号", "单位名称*", "类别*")
CAMERAS = ("单位编号", "单位名称", "摄像头名称", "RTSP地址", "账号", "密码")


def test_cameras_join_their_premises_by_number_then_by_name() -> None:
    units = build_units(
        [
            Table("单位", (PREMISES, ("A1", "甲", "x"), ("", "乙", "x"))),
            Table(
                "Cameras",
                (
                    CAMERAS,
                    ("A1", "", "一", "rtsp://10.0.0.1/a"),
                    ("", "乙", "二", "rtsp://10.0.0.2/a"),
                    ("A9", "丙", "三", "rtsp://10.0.0.3/a"),
                ),
            ),
        ]
    )
    assert [(unit.given.line, [camera.cells["name"] for camera in unit.given.cameras]) for unit in units] == [
        (2, ["一"]),
        (3, ["二"]),
        (0, ["三"]),
    ]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("rtsp://admin:s3cret@10.0.0.1:8554/a", "rtsp://10.0.0.1:8554/a"),
        ("rtsp:/admin:s3cret@10.0.0.1/a", "…@10.0.0.1/a"),
        ("http://admin:s3cret@10.0.0.1/a", "…@10.0.0.1/a"),
        ("admin:s3cret@10.0.0.1", "…@10.0.0.1"),
    ],
)
def test_log_in_of_an_address_leaves_the_cell_whatever_the_address_is(url: str, kept: str) -> None:
    (unit,) = build_units([Table("摄像头", (CAMERAS, ("A1", "", "一", url, "", "")))])
    assert unit.given.cameras[0].cells["url"] == kept
    assert "s3cret" not in repr(unit)
    assert bool(unit.problems) is kept.startswith("…")


def test_password_column_never_becomes_a_cell() -> None:
    (unit,) = build_units([Table("摄像头", (CAMERAS, ("A1", "", "一", "rtsp://10.0.0.1/a", "admin", "s3cret")))])
    assert set(unit.given.cameras[0].cells) == {"external_no", "name", "url"}
    assert (unit.logins[0].username, unit.logins[0].password) == ("admin", "s3cret")
    assert "s3cret" not in repr(unit)


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ([Table("Sheet1", ()), Table("Sheet2", ())], "import.no_sheet"),
        ([Table("单位", (PREMISES,))], "import.empty"),
        ([Table("单位", (PREMISES, ("#1", "示例", "x")))], "import.empty"),
        ([Table("单位", (("a", "b"), ("c", "d")))], "import.no_header"),
    ],
)
def test_tables_without_rows_or_header_are_refused(tables: list[Table], code: str) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        build_units(tables)
    assert refused.value.code == code


def test_second_row_of_one_number_is_a_unit_of_its_own() -> None:
    units = build_units([Table("", (PREMISES, ("A1", "甲", "x"), ("A1", "甲", "x")))])
    assert [unit.given.line for unit in units] == [2, 3]
