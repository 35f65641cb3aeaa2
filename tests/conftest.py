"""What every test may use. Where nothing may be skipped (CI), a skip is a failure."""

import os
from collections.abc import Generator
from typing import Any

import pytest

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
