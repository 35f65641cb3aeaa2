"""Import files over HTTP. A file comes as the raw body, so that nothing has to take a form apart."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.intake.model import MAX_FILE_BYTES, MAX_ROWS, ImportJob, Outcome
from brightkitchen.domain.intake.service import MAX_PAGE
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import choose_language
from brightkitchen.web.auth import Human, Signed, services_of
from brightkitchen.web.present.import_files import build_error_csv, build_error_xlsx, build_template
from brightkitchen.web.present.imports import ImportListOut, ImportOut, ImportRowListOut, present_import, present_row
from brightkitchen.web.spreadsheets import CSV, XLSX, download

router = APIRouter(prefix="/imports", tags=["imports"])
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, "text/csv")},
    }
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}  # Any: FastAPI's
_CSV_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("", operation_id="upload_import", status_code=201, response_model=ImportOut, openapi_extra=_BODY)
async def upload_import(
    request: Request, response: Response, caller: Human, name: Annotated[str, Query(min_length=5, max_length=200)]
) -> ImportOut:
    """Read a .xlsx or .csv file of at most 20 MiB and begin to judge its rows. name: the file's."""
    services = services_of(request)
    services.imports.check(caller.actor)
    job = await services.imports.upload(caller.actor, name, await _read_file(request))
    response.headers["location"] = f"/api/v1/imports/{job.id}"
    return await _present(request, job)


@router.get("", operation_id="list_imports", response_model=ImportListOut)
async def list_imports(request: Request, caller: Signed) -> ImportListOut:
    """List the caller's newest 50 files."""
    jobs = await services_of(request).imports.list_imports(caller.actor)
    return ImportListOut(items=[await _present(request, job) for job in jobs])


@router.get("/template.xlsx", operation_id="get_import_template", responses=_FILE, response_class=Response)
async def get_import_template(request: Request, caller: Signed) -> Response:
    """Return the workbook to fill in, with explanations and lists to choose from."""
    services = services_of(request)
    services.imports.check(caller.actor)
    language = _language(request)
    words = await services.imports.load_words(language)
    content = await build_template(language, words.categories, words.zones)
    return download(content, XLSX, "明厨云导入模板.xlsx" if language == "zh-CN" else "BrightKitchen-import.xlsx")


@router.get("/{import_id}", operation_id="get_import", response_model=ImportOut)
async def get_import(request: Request, caller: Signed, import_id: str) -> ImportOut:
    """Show how far one file is."""
    return await _present(request, await services_of(request).imports.access_import(caller.actor, import_id))


@router.get("/{import_id}/rows", operation_id="list_import_rows", response_model=ImportRowListOut)
async def list_import_rows(
    request: Request,
    caller: Signed,
    import_id: str,
    outcome: Annotated[Literal["PENDING", "NEW", "CHANGED", "UNCHANGED", "WRONG"] | None, Query()] = None,
    cursor: Annotated[int, Query(ge=0, le=MAX_ROWS)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> ImportRowListOut:
    """List rows of a file in its order, with what is wrong with each."""
    services = services_of(request)
    job = await services.imports.access_import(caller.actor, import_id)
    outcomes = (Outcome(outcome),) if outcome else ()
    page = await services.imports.load_rows(job, after=cursor, limit=limit, outcomes=outcomes)
    language = _language(request)
    return ImportRowListOut(
        items=[present_row(row, language) for row in page.rows],
        next_cursor=str(page.next_after) if page.next_after is not None else None,
    )


@router.get("/{import_id}/errors.xlsx", operation_id="get_import_errors", responses=_FILE, response_class=Response)
async def get_import_errors(request: Request, caller: Signed, import_id: str) -> Response:
    """Return the wrong rows with a column that says what is wrong; mended, the file can be given again."""
    services = services_of(request)
    job = await services.imports.access_import(caller.actor, import_id)
    page = await services.imports.load_rows(job, limit=MAX_ROWS, outcomes=(Outcome.WRONG,))
    return download(await build_error_xlsx(page.rows, _language(request)), XLSX, f"{job.id}-errors.xlsx")


@router.get(
    "/{import_id}/errors.csv", operation_id="get_import_errors_csv", responses=_CSV_FILE, response_class=Response
)
async def get_import_errors_csv(request: Request, caller: Signed, import_id: str) -> Response:
    """Return the wrong premises as CSV."""
    services = services_of(request)
    job = await services.imports.access_import(caller.actor, import_id)
    page = await services.imports.load_rows(job, limit=MAX_ROWS, outcomes=(Outcome.WRONG,))
    return download(await build_error_csv(page.rows, _language(request)), CSV, f"{job.id}-errors.csv")


@router.post("/{import_id}/run", operation_id="run_import", status_code=202, response_model=ImportOut)
async def run_import(request: Request, caller: Human, import_id: str) -> ImportOut:
    """Write the rows that are right, in the background; also continues a file that was interrupted."""
    services = services_of(request)
    job = await services.imports.access_import(caller.actor, import_id)
    return await _present(request, await services.imports.run(caller.actor, job))


@router.post("/{import_id}/cancel", operation_id="cancel_import", response_model=ImportOut)
async def cancel_import(request: Request, caller: Human, import_id: str) -> ImportOut:
    """Stop before the next batch. What was written stays."""
    services = services_of(request)
    job = await services.imports.access_import(caller.actor, import_id)
    return await _present(request, await services.imports.cancel(job))


async def _present(request: Request, job: ImportJob) -> ImportOut:
    return present_import(job, await services_of(request).imports.count(job), _language(request))


async def _read_file(request: Request) -> bytes:
    """raises: BrightKitchenError "web.too_large"; the guard has set the limits of time and size already."""
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > MAX_FILE_BYTES:
            raise BrightKitchenError(Kind.INVALID, "web.too_large", most=MAX_FILE_BYTES)
        chunks.append(chunk)
    return b"".join(chunks)


def _language(request: Request) -> str:
    return choose_language(request.headers.get("accept-language", ""))
