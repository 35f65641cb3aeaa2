"""The only place where an error becomes an HTTP answer (RFC 9457), with a sentence in the reader's language."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from brightkitchen.kernel.errors import BrightKitchenError, EditConflict, Kind, not_found
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.text import choose_language, say

log = get_logger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
STATUS_OF_KIND: Final = {
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.DATA_LOSS: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
STATUS_OF_CODE: Final = {
    "web.host": HTTPStatus.MISDIRECTED_REQUEST,
    "web.too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "web.too_slow": HTTPStatus.REQUEST_TIMEOUT,
    "web.not_json": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "web.method": HTTPStatus.METHOD_NOT_ALLOWED,
    "camera.address_not_allowed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "camera.host_unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "edit.conflict": HTTPStatus.PRECONDITION_FAILED,
}
MAX_PARTS: Final = 50


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field. Never repeats what was in it: that may have been a password."""

    field: str
    code: str
    detail: str


def build_problem(
    error: BrightKitchenError, *, language: str, instance: str, errors: Sequence[FieldProblem] = ()
) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and extra headers of the answer that says `error`."""
    status = STATUS_OF_CODE.get(error.code, STATUS_OF_KIND[error.kind])
    body: dict[str, object] = {
        "type": f"urn:brightkitchen:problem:{error.code}",
        "title": status.phrase,
        "status": status.value,
        "code": error.code,
        "detail": say(error.code, language, **error.params),
        "params": {key: str(value) if isinstance(value, str) else value for key, value in error.params.items()},
        "instance": instance,
    }
    if errors:
        body["errors"] = errors
    elif error.parts:
        body["errors"] = [_part_problem(each, language) for each in error.parts[:MAX_PARTS]]
    if isinstance(error, EditConflict) and error.shown is not None:
        body["current"] = error.shown
    headers = {"content-type": PROBLEM_TYPE, "content-language": language, "cache-control": "no-store"}
    if "retry_after_s" in error.params:
        headers["retry-after"] = str(error.params["retry_after_s"])
    return status.value, msgspec.json.encode(body), headers


def problem_response(
    error: BrightKitchenError, headers: Mapping[str, str], instance: str, errors: Sequence[FieldProblem] = ()
) -> Response:
    """Return the answer that says `error` to whoever sent `headers`."""
    language = choose_language(headers.get("accept-language", ""))
    status, body, extra = build_problem(error, language=language, instance=instance, errors=errors)
    return Response(body, status, extra)


def instance_of(request: Request) -> str:
    """Return the request's number, which a person can read out to whoever looks in the log."""
    return str(request.scope.get("bk_instance", ""))


def install_error_handlers(app: FastAPI) -> None:
    """Answer every kind of error as problem+json."""

    async def on_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, BrightKitchenError)
        if STATUS_OF_KIND[error.kind] == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request failed", code=error.code, instance=instance_of(request), exc_info=error)
        elif error.kind is Kind.UNAVAILABLE:
            log.warning("request not served", code=error.code, instance=instance_of(request))
        return problem_response(error, request.headers, instance_of(request))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        language = choose_language(request.headers.get("accept-language", ""))
        problems = [_field_problem(each, language) for each in error.errors()[:20]]
        fault = BrightKitchenError(Kind.INVALID, "web.fields", field=problems[0].field if problems else "")
        return problem_response(fault, request.headers, instance_of(request), problems)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            fault = BrightKitchenError(Kind.INVALID, "web.method")
        elif error.status_code == HTTPStatus.NOT_FOUND:
            fault = not_found()
        else:
            fault = BrightKitchenError(Kind.INVALID, "web.malformed")
        return problem_response(fault, request.headers, instance_of(request))

    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("request crashed", instance=instance_of(request), exc_info=error)
        return problem_response(
            BrightKitchenError(Kind.INTERNAL, "web.internal"), request.headers, instance_of(request)
        )

    app.add_exception_handler(BrightKitchenError, on_ours)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)


def _part_problem(part: BrightKitchenError, language: str) -> FieldProblem:
    detail = say(part.code, language, **part.params)
    return FieldProblem(field=str(part.params.get("field", "")), code=part.code, detail=detail)


def _field_problem(error: Mapping[str, object], language: str) -> FieldProblem:
    """Say which field, and whether it is missing, unknown or unfit; pydantic's own text may quote the value."""
    where = error.get("loc")
    parts = [str(part) for part in where[1:]] if isinstance(where, tuple) else []
    kind = str(error.get("type", ""))
    code = {"missing": "web.field_missing", "extra_forbidden": "web.field_unknown"}.get(kind, "web.field_unfit")
    field = ".".join(parts)
    return FieldProblem(field=field, code=code, detail=say(code, language, field=field))
