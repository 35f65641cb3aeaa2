"""One running product for all tests that leave it as they found it; what breaks things starts its own."""

from collections.abc import Iterator

import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import Product, start_product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Two cameras: the true clock, and a test pattern."""
    with start_product(tmp_path_factory.mktemp("product"), "--cameras", "2") as one:
        yield one


@pytest.fixture(scope="session")
def caller(product: Product) -> Iterator[Caller]:
    one = Caller(product)
    yield one
    one.close()
