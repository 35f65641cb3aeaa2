"""The demo's log-ins: one for each role, all with the password of this data folder."""

from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.authz.model import Role

SCHOOLS: Final = ("PRIMARY_SCHOOL", "KINDERGARTEN", "MIDDLE_SCHOOL")


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """premises_no: `external_no` of the premises the role reaches, "" for a region."""

    username: str
    name: str
    role: Role
    region: str = ""
    categories: tuple[str, ...] = ()
    premises_no: str = ""


@dataclass(frozen=True, slots=True)
class LivePremises:
    """A premises whose cameras are simulated. site: what the simulator calls it. is_approved: an officer looked already."""

    external_no: str
    site: str
    region: str
    category: str
    state: str
    is_approved: bool
    more_zones: tuple[str, ...] = ()


LIVE_PREMISES: Final = (
    LivePremises("DEMO-zq", "演示·站前小学食堂", "210302006", "PRIMARY_SCHOOL", "IN_SERVICE", True, ("ROUGH", "DINE")),
    LivePremises("DEMO-bj", "演示·八家子第二幼儿园", "210303003", "KINDERGARTEN", "TRIAL", False),
    LivePremises("DEMO-lj", "演示·老街饺子馆", "210302002", "RESTAURANT_M", "IN_SERVICE", True, ("COOK", "WASH")),
    LivePremises("DEMO-lk", "演示·湖南街道冷库", "210302011", "COLD_STORE", "IN_SERVICE", True, ("GATE", "AISLE")),
    LivePremises("DEMO-qh", "演示·七号桥家常菜馆", "210302004", "RESTAURANT_M", "INSTALLED", False),
    LivePremises("DEMO-ds", "演示·东山中学食堂", "210302004", "MIDDLE_SCHOOL", "INSTALLED", False),
)
"""more_zones: channels without an address, so that its must-zones are all there."""

LIVE_SCHOOL: Final = "DEMO-zq"
LIVE_RESTAURANT: Final = "DEMO-lj"

PEOPLE: Final = (
    DemoPerson("admin", "演示市局管理员", Role.CITY_ADMIN, "210300"),
    DemoPerson("city", "演示市局执法员", Role.CITY_OFFICER, "210300"),
    DemoPerson("tiedong-admin", "演示铁东管理员", Role.COUNTY_ADMIN, "210302"),
    DemoPerson("tiedong", "演示铁东执法员", Role.COUNTY_OFFICER, "210302"),
    DemoPerson("haicheng", "演示海城执法员", Role.COUNTY_OFFICER, "210381"),
    DemoPerson("zhanqian", "演示站前所执法员", Role.STATION_OFFICER, "210302006"),
    DemoPerson("grid", "演示协管员", Role.GRID_ASSISTANT, "210302006"),
    DemoPerson("edu", "演示铁东教育局", Role.EDU_OFFICER, "210302", SCHOOLS),
    DemoPerson("pm", "演示项目经理", Role.OPERATOR_PM, "210300"),
    DemoPerson("installer", "演示装维人员", Role.OPERATOR_INSTALLER, "210302"),
    DemoPerson("noc", "演示监控值班", Role.OPERATOR_NOC, "210300"),
    DemoPerson("principal", "演示校长", Role.OWNER, premises_no=LIVE_SCHOOL),
    DemoPerson("owner", "演示店主", Role.OWNER, premises_no=LIVE_RESTAURANT),
    DemoPerson("director", "演示食品安全总监", Role.FS_DIRECTOR, premises_no=LIVE_SCHOOL),
    DemoPerson("safety", "演示食品安全员", Role.FS_OFFICER, premises_no=LIVE_SCHOOL),
    DemoPerson("parent", "演示家长", Role.PARENT, premises_no=LIVE_SCHOOL),
    DemoPerson("sysadmin", "演示系统管理员", Role.SYS_ADMIN),
    DemoPerson("secadmin", "演示安全管理员", Role.SEC_ADMIN),
    DemoPerson("auditor", "演示审计员", Role.AUDITOR),
)
"""`admin` comes first: it is the one the first line names."""
