"""What a checked unit would do to the city: nothing, a change, something new, or why it may not. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.cameras.model import CameraLogin
from brightkitchen.domain.intake.checking import CameraDraft, Draft, PremisesDraft
from brightkitchen.domain.intake.columns import CAMERAS, PREMISES
from brightkitchen.domain.intake.model import Given, Login, Outcome, Problem
from brightkitchen.kernel.camerapath import is_masked
from brightkitchen.kernel.ids import PremisesId

Row = Mapping[str, object]
Stream = tuple[str, int, str]
NO_CODE = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the importer may do where. reaches: bring premises and cameras; decides: set a column (risk grade, due …)."""

    reaches: Callable[[Place], bool]
    decides: Callable[[str, Place], bool]


@dataclass(slots=True)
class Existing:
    """What the city has of what a batch is about. Premises rows by every way of knowing them again; cameras by stream."""

    by_no: dict[str, Row] = field(default_factory=dict)
    by_code: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    by_name: dict[str, list[Row]] = field(default_factory=dict)
    cameras: dict[Stream, Row] = field(default_factory=dict)
    logins: dict[str, CameraLogin] = field(default_factory=dict)
    host_problems: dict[tuple[str, int], tuple[str, Mapping[str, str | int | float]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CameraStep:
    """A camera to add (row None) or to change. login None: stays as it is."""

    draft: CameraDraft
    row: Row | None
    login: Login | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. row: the premises as they are; None = new. changes: column → value, for new premises all of them."""

    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    row: Row | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    cameras: tuple[CameraStep, ...] = ()


class _Refused(Exception):
    """args[0]: the problem."""


def plan_unit(given: Given, draft: Draft, logins: Mapping[int, Login], existing: Existing, rights: Rights) -> Plan:
    """Decide what a unit does. A unit with one problem does nothing at all."""
    problems = list(draft.problems)
    if draft.premises is None and given.line:  # nobody knows which premises its cameras belong to
        return Plan(Outcome.WRONG, draft.problems)
    row: Row | None = None
    changes: dict[str, object] = {}
    try:
        row, changes = _plan_premises(given, draft.premises, existing, rights)
    except _Refused as refused:
        problems.append(refused.args[0])
    steps: list[CameraStep] = []
    for camera in draft.cameras:
        try:
            step = _plan_camera(camera, logins.get(camera.index), row, existing, rights)
        except _Refused as refused:
            problems.append(refused.args[0])
            continue
        if step is not None:
            steps.append(step)
    if problems:
        return Plan(Outcome.WRONG, tuple(problems))
    changed = Outcome.CHANGED if changes or steps else Outcome.UNCHANGED
    return Plan(Outcome.NEW if row is None else changed, (), row, changes, tuple(steps))


def _plan_premises(
    given: Given, draft: PremisesDraft | None, existing: Existing, rights: Rights
) -> tuple[Row | None, dict[str, object]]:
    if given.line == 0:
        return _named_premises(given, existing, rights), {}
    assert draft is not None  # plan_unit asks only then
    wanted = Place(draft.region, draft.category)
    if not rights.reaches(wanted):
        raise _refusal(given.line, "county", "import.row.out_of_scope")
    row = _find(given, draft, existing, rights)
    changes: dict[str, object] = {name: value for name, value in draft.values.items() if name != "signed_on"}
    if row is not None:
        changes = {name: value for name, value in changes.items() if row[name] != value}
    for column in changes:
        if row is None and column in ("is_due", "hours", "risk_grade") and changes[column] in (True, "", None):
            continue
        if not rights.decides(column, wanted):
            raise _refusal(given.line, column, "import.row.not_yours")
    signed_on = draft.values.get("signed_on")
    if signed_on is not None and (row is None or row["state"] == "LEAD"):
        if not rights.decides("signed_on", wanted):
            raise _refusal(given.line, "signed_on", "import.row.not_yours")
        changes["signed_on"] = signed_on
    return row, changes


def _find(given: Given, draft: PremisesDraft, existing: Existing, rights: Rights) -> Row | None:
    """Return the premises that the row speaks of: by number, else by credit code and name, else by name and address."""
    number = draft.values.get("external_no")
    if isinstance(number, str) and number in existing.by_no:
        row = existing.by_no[number]
        if row["retired_at"] is not None or not rights.reaches(_place(row)):
            raise _refusal(given.line, "external_no", "import.row.no_taken")
        return row
    name, code = str(draft.values["name"]), str(draft.values.get("credit_code", NO_CODE))
    found = _candidates(existing.by_code.get((code, name), ()) if code else (), rights, number)
    if len(found) != 1:
        placed = [
            row
            for row in _candidates(existing.by_name.get(name, ()), rights, number)
            if row["address"] == draft.values["address"] and row["region"] == draft.region
        ]
        found = placed or (found if len(found) > 1 else [])
    if len(found) > 1:
        raise _refusal(given.line, "external_no", "import.row.ambiguous")
    return found[0] if found else None


def _candidates(rows: Iterable[Row], rights: Rights, number: object) -> list[Row]:
    """Those in service and in scope; one that has another number of its own is another premises."""
    return [
        row
        for row in rows
        if row["retired_at"] is None
        and rights.reaches(_place(row))
        and (number is None or row["external_no"] in (None, number))
    ]


def _named_premises(given: Given, existing: Existing, rights: Rights) -> Row:
    """Return the premises of the city that cameras name which the file does not list."""
    first = given.cameras[0]
    number, name = first.cells.get("external_no", ""), first.cells.get("premises_name", "")
    rows = [existing.by_no[number]] if number in existing.by_no else []
    if not number:
        rows = existing.by_name.get(name, [])
    found = _candidates(rows, rights, None)
    if len(found) != 1:
        raise _Refused(Problem(CAMERAS, first.line, "external_no", "import.row.premises_unknown"))
    return found[0]


def _plan_camera(
    camera: CameraDraft, login: Login | None, row: Row | None, existing: Existing, rights: Rights
) -> CameraStep | None:
    wrong = existing.host_problems.get((camera.url.host, camera.url.port))
    if wrong is not None:
        raise _Refused(Problem(CAMERAS, camera.line, "url", wrong[0], dict(wrong[1])))
    known = existing.cameras.get(camera.stream)
    _check_paths(camera, login, known)
    if known is None:
        return CameraStep(camera, None, login)
    if known["quarantined_at"] is not None:
        raise _Refused(Problem(CAMERAS, camera.line, "zone", "import.row.camera_quarantined"))
    is_ours = row is not None and known["premises_id"] == row["id"]
    is_free = known["premises_id"] is None and rights.reaches(Place())
    if not is_ours and not is_free:
        raise _Refused(Problem(CAMERAS, camera.line, "url", "import.row.address_taken"))
    stored = existing.logins.get(str(known["id"]))
    login = _completed(login, stored)
    same_login = login is None or (stored is not None and _secrets_of(stored) == _secrets_of(login))
    is_same = (
        is_ours
        and known["name"] == camera.name
        and known["zone"] == camera.zone
        and known["extra_zones"] == tuple(sorted(camera.more_zones))
        and known["tls"] == camera.url.tls
        and (camera.sub_path is None or known["path_sub"] == camera.sub_path)
    )
    return None if is_same and same_login else CameraStep(camera, known, None if same_login else login)


def _check_paths(camera: CameraDraft, login: Login | None, known: Row | None) -> None:
    """raises: _Refused for a masked path that nobody knows the rest of: it was copied from what we show."""
    is_main_known = known is not None or (login is not None and login.main_path != "")
    if is_masked(camera.url.path) and not is_main_known:
        raise _Refused(Problem(CAMERAS, camera.line, "url", "camera.path_masked"))
    is_sub_known = login is not None and login.sub_path != ""
    if known is not None and known["path_sub"] == camera.sub_path:
        is_sub_known = True
    if camera.sub_path is not None and is_masked(camera.sub_path) and not is_sub_known:
        raise _Refused(Problem(CAMERAS, camera.line, "sub_path", "camera.path_masked"))


def _completed(login: Login | None, stored: CameraLogin | None) -> Login | None:
    """Return what a file gives of a log-in together with what is known of the rest."""
    if login is None or stored is None:
        return login
    given = login if login.username or login.password else stored
    return Login(given.username, given.password, login.main_path or stored.main_path, login.sub_path or stored.sub_path)


def _secrets_of(login: Login | CameraLogin) -> tuple[str, str, str, str]:
    return login.username, login.password, login.main_path, login.sub_path


def find_doubles(drafts: Iterable[tuple[int, Given, Draft]]) -> dict[int, list[Problem]]:
    """Return row number → problems of rows that repeat what an earlier row of the file has."""
    found: dict[int, list[Problem]] = {}
    numbers: dict[str, int] = {}
    places: dict[tuple[str, str, str], int] = {}
    streams: dict[Stream, int] = {}
    for number, given, draft in drafts:
        if draft.premises is not None:
            values = draft.premises.values
            no = values.get("external_no")
            if isinstance(no, str) and numbers.setdefault(no, given.line) != given.line:
                problem = Problem(PREMISES, given.line, "external_no", "import.row.twice", {"line": numbers[no]})
                found.setdefault(number, []).append(problem)
            place = (str(values["name"]), draft.premises.region, str(values["address"]))
            if places.setdefault(place, given.line) != given.line and number not in found:
                problem = Problem(PREMISES, given.line, "name", "import.row.twice", {"line": places[place]})
                found.setdefault(number, []).append(problem)
        for camera in draft.cameras:
            if streams.setdefault(camera.stream, camera.line) != camera.line:
                problem = Problem(
                    CAMERAS, camera.line, "url", "import.row.camera_twice", {"line": streams[camera.stream]}
                )
                found.setdefault(number, []).append(problem)
    return found


def _place(row: Row) -> Place:
    return Place(str(row["region"]), str(row["category"]), PremisesId(str(row["id"])))


def _refusal(line: int, column: str, code: str) -> _Refused:
    return _Refused(Problem(PREMISES, line, column, code))
