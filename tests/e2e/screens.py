"""Every screen of the console, once: where it is, who sees it, what is opened on it.

What looks at all screens (axe, the pictures for people) takes them from here; a route of the page that no screen
leads to fails the page's own tests (ui/src/app/screens.test.ts). Words stand as keys of the page's texts, so that
a screen is reached in either language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Press:
    """Press the first of what has this name: a key of the page's texts, whatever is put into it."""

    word: str
    role: str = "button"


@dataclass(frozen=True, slots=True)
class Click:
    """Click the first of what this CSS selector finds."""

    selector: str


@dataclass(frozen=True, slots=True)
class Key:
    """Press a key on the page."""

    name: str


Step = Press | Click | Key


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen.

    name: of its pictures. path: with things of `tests.e2e.seeding` in braces. who: a log-in of the demo, "" for
    nobody. ready: a CSS selector of what has to be there. steps: what opens a dialog on it; shows: what they open.
    allowed: axe rules that may find something here, each with the reason.
    """

    name: str
    path: str
    who: str = "admin"
    ready: str = "main h1"
    steps: tuple[Step, ...] = ()
    shows: str = ""
    allowed: Mapping[str, str] = field(default_factory=dict)


DIALOG: Final = ".ant-modal-container, .ant-modal-content"
DRAWER: Final = ".ant-drawer-content-wrapper .ant-drawer-body"
_CARD: Final = ".bk-login h1, .bk-login-card h1, main h1, h1"
_STAGE: Final = ".bk-live"
_DESK: Final = ".bk-desk"


def _with_dialog(name: str, path: str, *steps: Step, who: str = "admin", ready: str = "main h1") -> Screen:
    return Screen(name, path, who, ready, steps, DIALOG)


def _with_drawer(name: str, path: str, *steps: Step, who: str = "admin") -> Screen:
    return Screen(name, path, who, steps=steps, shows=DRAWER)


_DOORS: Final = (
    Screen("log-in", "/login", "", _CARD),
    Screen("log-in-sign-on", "/login/sso", "", _CARD),
    Screen("invitation", "/invite#{invitation}", "", "form, h1"),
    Screen("invitation-bad", "/invite#nothing", "", _CARD),
    Screen("reset", "/reset#nothing", "", _CARD),
    Screen("recover", "/recover", "", _CARD),
    Screen("wall-display-code", "/kiosk", "", ".bk-kiosk-code"),
)
_CITY: Final = (
    Screen("overview", "/overview", ready=".bk-panel, main h1"),
    Screen("overview-county", "/overview?r=210302", ready=".bk-panel, main h1"),
    Screen("overview-schools", "/overview", "edu", ready=".bk-panel, main h1"),
    Screen("wall-display", "/screen", ready="h1"),
    _with_dialog("wall-display-pair", "/overview", Press("kiosk.pair")),
    Screen("numbers", "/numbers"),
    _with_drawer("numbers-rows", "/numbers", Click("button.bk-figure")),
    _with_dialog("numbers-export", "/numbers", Press("numbers.export")),
    Screen("audit", "/audit", "auditor"),
    _with_drawer(
        "audit-row", "/audit", Click(".ant-table-tbody .bk-link-button, main .bk-cards button"), who="auditor"
    ),
    _with_dialog("audit-export", "/audit", Press("audit.export"), who="auditor"),
)
_VIDEO: Final = (
    Screen("live", "/live?wall=4&c={camera},{other_camera},{dark_camera}", ready=_STAGE),
    _with_dialog("live-walls", "/live?wall=4&c={camera}", Press("live.walls"), ready=_STAGE),
    _with_dialog("live-rotation", "/live?wall=4&c={camera}", Press("live.turn"), ready=_STAGE),
    _with_dialog("live-seal", "/live?wall=1&c={camera}", Click("video"), Key("s"), ready="video"),
    Screen("live-school", "/live", "principal", ready=_STAGE),
    Screen("play", "/play?c={camera}&t={moment}", ready=_DESK),
    Screen("play-choice", "/play"),
)
_PREMISES: Final = (
    Screen("premises", "/premises"),
    Screen("premises-none", "/premises?q=没有这一家"),
    _with_drawer("premises-add", "/premises", Press("premises.add")),
    Screen("premises-file", "/premises/{premises}"),
    _with_drawer("premises-edit", "/premises/{premises}", Press("common.edit")),
    _with_dialog("premises-suspend", "/premises/{premises}", Press("premises.suspend"), who="principal"),
    _with_dialog("premises-person", "/premises/{premises}", Press("premises.addPerson")),
    Screen("premises-own", "/premises", "principal"),
    Screen("onboarding", "/onboarding", "pm"),
    Screen("onboarding-road", "/onboarding/{premises}"),
    Screen("onboarding-lead", "/onboarding/{lead}", "pm"),
    _with_drawer("onboarding-sign", "/onboarding/{lead}", Press("onboarding.event.sign"), who="pm"),
    _with_drawer("onboarding-survey", "/onboarding/{signed}", Press("onboarding.event.survey"), who="installer"),
    _with_drawer("onboarding-order", "/onboarding/{surveyed}", Press("onboarding.event.order"), who="pm"),
    Screen("frames", "/approvals/frames"),
    _with_dialog(
        "frames-refuse", "/approvals/frames", Click(".bk-queue-entry >> text={waiting}"), Press("frames.refuse")
    ),
    Screen("imports", "/imports"),
    Screen("imports-checked", "/imports?f={import}"),
)
_DEVICES: Final = (
    Screen("cameras", "/devices"),
    Screen("cameras-none", "/devices?q=没有这一路"),
    _with_drawer("camera-add", "/devices", Press("camera.add")),
    Screen("inventory", "/devices/inventory", "pm"),
    _with_drawer("inventory-add", "/devices/inventory", Press("device.add"), who="pm"),
    Screen("faults", "/faults", "noc"),
    _with_drawer("fault", "/faults?t={fault}", who="noc"),
    _with_drawer("fault-site", "/faults?t={fault_on_site}", who="installer"),
    Screen("recordings", "/recordings"),
    Screen("recordings-alarms", "/recordings/alarms"),
    Screen("recordings-search", "/recordings/search"),
    Screen("recordings-holds", "/recordings/holds"),
    _with_drawer("recordings-hold", "/recordings/holds", Press("recording.holds.place")),
    _with_dialog("recordings-release", "/recordings/holds", Press("recording.holds.release")),
    Screen("recordings-rules", "/recordings/rules"),
    _with_drawer("recordings-rule", "/recordings/rules", Press("recording.rules.editOne")),
    Screen("nodes", "/nodes", "sysadmin"),
    Screen("settings", "/admin/settings", "sysadmin"),
)
_EVIDENCE: Final = (
    Screen("evidence", "/evidence"),
    Screen("evidence-item", "/evidence/{evidence}"),
    _with_dialog("evidence-export", "/evidence/{evidence}", Press("evidence.export")),
    _with_dialog("evidence-link", "/evidence/{evidence}", Press("evidence.link")),
)
_PEOPLE: Final = (
    Screen("people", "/people"),
    _with_drawer("people-invite", "/people", Press("people.invite")),
    _with_drawer("person", "/people/{person}"),
    Screen("people-administrators", "/people", "secadmin"),
    Screen("organisations", "/organisations"),
    _with_dialog("organisation-add", "/organisations", Press("organisation.add")),
    Screen("account", "/account"),
    _with_dialog("account-code", "/account", Press("account.totp.add")),
    _with_dialog("account-token", "/account", Press("token.make")),
    Screen("account-parent", "/account", "parent"),
    Screen("start", "/", "safety", ready="main h1, .bk-live"),
    Screen("not-found", "/account/nothing-here", ready="main [role=alert]"),
)

SCREENS: Final = (*_DOORS, *_CITY, *_VIDEO, *_PREMISES, *_DEVICES, *_EVIDENCE, *_PEOPLE)
