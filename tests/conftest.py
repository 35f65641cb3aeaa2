"""What every test may use. Where nothing may be skipped (CI), a skip is a failure."""

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from tests.postgres_server import HOW_TO_GET_IT, PostgresServer, find_programs, running_server

NO_SKIPS = os.environ.get("BK_NO_SKIPS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:  # pluggy's own
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and here nothing may be: {call.excinfo}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The one server of all tests, started by the first that wants it."""
    programs = find_programs()
    if programs is None:
        pytest.skip(HOW_TO_GET_IT)
    with running_server(programs) as server:
        yield server
