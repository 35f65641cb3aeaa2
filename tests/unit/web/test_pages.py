"""The server knows which addresses are the page's: a route of the page that it does not know would be answered with an error."""

import re
from pathlib import Path

import pytest

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.web.pages import BuiltUi

ROUTES = Path(__file__).resolve().parents[3] / "ui" / "src" / "app" / "routes.tsx"


def test_every_route_of_the_page_is_answered_with_it(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>x</title>")
    built = BuiltUi(tmp_path)
    paths = re.findall(r'path: "(/[^"*]*)"', ROUTES.read_text())
    assert "/kiosk" in paths and len(paths) > 25
    for path in paths:
        shown = re.sub(r":\w+\??", "x1", path)
        assert built.answer(shown, "n").status_code == 200, path
    with pytest.raises(BrightKitchenError):
        built.answer("/nothing-of-ours", "n")
