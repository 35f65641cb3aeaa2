"""What of the database needs none."""

from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.database import split_values


@given(st.integers(0, 2_000))
def test_values_come_back_whole_in_order_and_in_parts_that_fit_a_statement(count: int) -> None:
    values = list(range(count))
    parts = list(split_values(values))
    assert [each for part in parts for each in part] == values
    assert all(1 <= len(part) <= 400 for part in parts)
