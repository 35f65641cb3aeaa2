"""The OpenAPI document: what the browser's types are generated from."""

import httpx
from tests.contract.conftest import Control

from brightkitchen.web.app import build_openapi, make_api

OPERATIONS = {
    "add_camera",
    "add_device",
    "add_premises",
    "add_premises_person",
    "approve_first_frame",
    "change_camera",
    "change_device",
    "change_premises",
    "change_premises_person",
    "close_session",
    "decide_suspension",
    "end_suspension",
    "get_camera",
    "get_device",
    "get_fault",
    "get_kinds",
    "get_onboarding",
    "get_premises",
    "get_session",
    "get_system",
    "issue_media_tokens",
    "list_cameras",
    "list_denominator_changes",
    "list_devices",
    "list_faults",
    "list_first_frames",
    "list_onboarding",
    "list_premises",
    "list_watchers",
    "move_device",
    "move_fault",
    "move_premises",
    "open_fault",
    "open_session",
    "probe_camera",
    "refuse_first_frame",
    "remove_camera",
    "remove_device",
    "remove_premises_person",
    "request_suspension",
    "retire_premises",
    "search_audit",
    "set_premises_due",
    "touch_session",
    "unmask_premises_person",
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
