"""The OpenAPI document: what the browser's types are generated from."""

import json
import os
from pathlib import Path

import httpx
from tests.contract.conftest import Control

from brightkitchen.web.app import build_openapi, make_api

PAGES_DOCUMENT = Path(__file__).resolve().parents[2] / "ui" / "openapi.json"
OPERATIONS = {
    "accept_invitation",
    "add_camera",
    "add_passkey",
    "add_premises",
    "add_premises_person",
    "begin_passkey",
    "begin_evidence_export",
    "cancel_evidence_export",
    "capture_evidence",
    "check_evidence",
    "dispose_evidence",
    "download_evidence_file",
    "get_evidence",
    "get_evidence_export",
    "get_evidence_export_file",
    "link_evidence",
    "list_evidence",
    "list_evidence_exports",
    "release_evidence",
    "show_evidence_file",
    "begin_passkey_log_in",
    "begin_own_link",
    "begin_single_sign_on",
    "begin_step_up",
    "begin_totp",
    "cancel_import",
    "change_camera",
    "change_own_password",
    "add_device",
    "approve_first_frame",
    "change_device",
    "change_premises",
    "change_premises_person",
    "close_session",
    "confirm_totp",
    "decide_suspension",
    "end_other_sessions",
    "end_own_session",
    "add_organisation",
    "agree_to_recovery",
    "ask_camera_release",
    "ask_for_recovery",
    "change_organisation",
    "change_person",
    "confirm_person",
    "decide_approval",
    "disable_person",
    "enable_person",
    "end_sessions_of_person",
    "end_suspension",
    "finish_log_in",
    "finish_own_link",
    "finish_single_sign_on",
    "list_identities",
    "list_own_identities",
    "request_identity_link",
    "unlink_identity",
    "unlink_own_identity",
    "get_account",
    "export_audit",
    "export_audit_csv",
    "export_numbers",
    "export_numbers_csv",
    "get_audit_state",
    "get_camera",
    "get_import",
    "get_import_errors",
    "get_import_errors_csv",
    "get_import_template",
    "get_kinds",
    "get_person",
    "get_numbers",
    "get_overview",
    "get_device",
    "get_fault",
    "get_onboarding",
    "get_premises",
    "get_session",
    "get_system",
    "give_grant",
    "invite_person",
    "issue_media_tokens",
    "list_approvals",
    "list_audit_kinds",
    "list_cameras",
    "list_own_sessions",
    "list_import_rows",
    "list_imports",
    "list_number_rows",
    "list_outlines",
    "list_premises",
    "list_watchers",
    "make_recovery_codes",
    "list_grantable_roles",
    "list_notices",
    "list_organisations",
    "list_people",
    "list_recoveries",
    "list_regions",
    "list_tokens",
    "look_at_invitation",
    "approve_kiosk",
    "look_at_kiosk",
    "claim_kiosk",
    "ask_as_kiosk",
    "make_token",
    "offboard_person",
    "open_session",
    "probe_camera",
    "quarantine_camera",
    "read_notices",
    "refuse_recovery",
    "remove_camera",
    "remove_factor",
    "search_audit",
    "list_denominator_changes",
    "list_devices",
    "list_faults",
    "list_first_frames",
    "list_onboarding",
    "move_device",
    "move_fault",
    "move_premises",
    "open_fault",
    "refuse_first_frame",
    "remove_device",
    "remove_premises_person",
    "renew_invitation",
    "request_suspension",
    "reset_by_code",
    "retire_premises",
    "step_up",
    "revoke_grant",
    "revoke_token",
    "start_recovery",
    "run_import",
    "set_number_target",
    "set_premises_due",
    "touch_session",
    "unmask_premises_person",
    "upload_import",
    "get_camera_plan",
    "list_holds",
    "list_marks",
    "list_recording_alarms",
    "list_recording_rules",
    "export_cameras",
    "export_faults",
    "export_premises",
    "list_nodes",
    "get_settings",
    "place_hold",
    "release_hold",
    "search_recordings",
    "set_recording_rule",
    "add_wall",
    "change_wall",
    "delete_wall",
    "get_camera_tree",
    "get_wall",
    "list_walls",
    "add_favourite",
    "add_mark",
    "change_mark",
    "list_favourites",
    "list_openings",
    "remove_favourite",
    "remove_mark",
}


async def test_document_names_each_operation_once(control: Control) -> None:
    document = build_openapi(make_api(control.services, control.options))
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert sorted(names) == sorted(OPERATIONS)


async def test_every_operation_documents_its_problem(control: Control) -> None:
    document = build_openapi(make_api(control.services, control.options))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation["responses"]["default"]["content"]
            assert list(content) == ["application/problem+json"], (method, path)
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert "422" not in operation["responses"]


async def test_no_answer_schema_has_a_secret(control: Control) -> None:
    schemas = build_openapi(make_api(control.services, control.options))["components"]["schemas"]
    answers = {name: schema for name, schema in schemas.items() if not name.endswith("In") and name != "Credentials"}
    fields = {field for schema in answers.values() for field in schema.get("properties", {})}
    assert fields & {"password", "username_sealed", "password_sealed", "password_hash", "secret", "path_main"} == set()
    objects = [schema for schema in answers.values() if "enum" not in schema]
    assert all(schema.get("additionalProperties") is False for schema in objects)


async def test_document_is_told_to_those_who_are_logged_in(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/openapi.json")).json()["info"]["title"] == "BrightKitchen"


async def test_document_of_the_page_is_the_one_of_the_server(control: Control) -> None:
    """What the page's types are made from. After a change: BK_REGENERATE=1 pytest on this file, then `npm run types` in ui."""
    said = json.dumps(build_openapi(make_api(control.services, control.options)), ensure_ascii=False, indent=2) + "\n"
    if os.environ.get("BK_REGENERATE") == "1":
        PAGES_DOCUMENT.write_text(said, encoding="utf-8")
    assert json.loads(PAGES_DOCUMENT.read_text(encoding="utf-8")) == json.loads(said)


async def test_no_two_models_share_a_name(control: Control) -> None:
    # FastAPI would name both by their modules, and the page's types would change their names with them.
    schemas = build_openapi(make_api(control.services, control.options))["components"]["schemas"]
    assert [name for name in schemas if "__" in name] == []
