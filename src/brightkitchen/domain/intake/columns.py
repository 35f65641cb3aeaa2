"""The columns of an import file: what each is called in both languages and what it is for. Pure."""

import unicodedata
from dataclasses import dataclass
from typing import Final

PREMISES: Final = "premises"
CAMERAS: Final = "cameras"
SHEET_NAMES: Final = {PREMISES: ("单位", "premises"), CAMERAS: ("摄像头", "cameras")}
USERNAME: Final = "username"
PASSWORD: Final = "password"


@dataclass(frozen=True, slots=True)
class Column:
    """key: what rows are kept by. names: accepted headers, the Chinese one first, then the English one.

    hint: code of the sentence in kernel/text that explains it.
    """

    key: str
    names: tuple[str, ...]
    hint: str
    is_needed: bool = False


PREMISES_COLUMNS: Final = (
    Column("external_no", ("单位编号", "Premises no.", "编号"), "import.hint.external_no"),
    Column("name", ("单位名称", "Name", "名称"), "import.hint.name", True),
    Column("category", ("类别", "Category", "单位类别"), "import.hint.category", True),
    Column("county", ("县区", "County", "区县"), "import.hint.county", True),
    Column("township", ("街道乡镇", "Township", "街道", "乡镇"), "import.hint.township"),
    Column("address", ("地址", "Address", "详细地址"), "import.hint.address", True),
    Column("credit_code", ("统一社会信用代码", "Credit code", "信用代码"), "import.hint.credit_code"),
    Column("licence_no", ("许可证编号", "Licence no.", "食品经营许可证编号"), "import.hint.licence_no"),
    Column("licence_expires_on", ("许可证有效期至", "Licence expires on"), "import.hint.licence_expires_on"),
    Column("longitude_deg", ("经度", "Longitude"), "import.hint.longitude_deg"),
    Column("latitude_deg", ("纬度", "Latitude"), "import.hint.latitude_deg"),
    Column("area_m2", ("面积(平方米)", "Area (m2)", "面积"), "import.hint.area_m2"),
    Column("diners", ("就餐人数", "Diners"), "import.hint.diners"),
    Column("risk_grade", ("风险等级", "Risk grade"), "import.hint.risk_grade"),
    Column("hours", ("营业时间", "Business hours"), "import.hint.hours"),
    Column("present_zones", ("现有区域", "Present zones"), "import.hint.present_zones"),
    Column("is_due", ("应接入", "Due"), "import.hint.is_due"),
    Column("signed_on", ("签约日期", "Signed on"), "import.hint.signed_on"),
)
CAMERA_COLUMNS: Final = (
    Column("external_no", ("单位编号", "Premises no.", "编号"), "import.hint.camera_external_no"),
    Column("premises_name", ("单位名称", "Premises name"), "import.hint.camera_premises_name"),
    Column("name", ("摄像头名称", "Camera name", "Name", "名称"), "import.hint.camera_name", True),
    Column("zone", ("区域", "Zone"), "import.hint.zone", True),
    Column("more_zones", ("兼顾区域", "More zones"), "import.hint.more_zones"),
    Column("url", ("RTSP地址", "RTSP address", "地址", "Address"), "import.hint.url", True),
    Column(USERNAME, ("账号", "User name", "用户名"), "import.hint.username"),
    Column(PASSWORD, ("密码", "Password"), "import.hint.password"),
    Column("sub_path", ("子码流路径", "Sub-stream path"), "import.hint.sub_path"),
)
COLUMNS: Final = {PREMISES: PREMISES_COLUMNS, CAMERAS: CAMERA_COLUMNS}


def folded(text: str) -> str:
    """Return `text` as names are compared: width and case folded, without spaces, marks for needed ones and their notes."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if not each.isspace() and each != "*")


_KEYS: Final = {
    sheet: {folded(name): column.key for column in columns for name in (column.key, *column.names)}
    for sheet, columns in COLUMNS.items()
}
_SHEETS: Final = {folded(name): sheet for sheet, names in SHEET_NAMES.items() for name in names}


def sheet_of(name: str) -> str | None:
    """Return "premises" or "cameras" for the name of a sheet, or None."""
    return _SHEETS.get(folded(name))


def keys_of(sheet: str, header: tuple[str, ...]) -> dict[int, str]:
    """Return position → key for the known names of a header; the first of two columns with one meaning counts."""
    known = _KEYS[sheet]
    found: dict[int, str] = {}
    for position, name in enumerate(header):
        key = known.get(folded(name))
        if key is not None and key not in found.values():
            found[position] = key
    return found
