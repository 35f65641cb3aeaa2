"""Errors that tell several things at once."""

from brightkitchen.kernel.errors import FieldErrors, Kind, field_error, not_found


def test_field_error_names_the_field_it_is_given_not_the_one_it_was_raised_with() -> None:
    error = field_error("contract.zone", "zone.unknown", field="zone", name="灶台")
    assert (error.kind, error.code, error.params) == (
        Kind.INVALID,
        "zone.unknown",
        {"field": "contract.zone", "name": "灶台"},
    )


def test_field_errors_tell_the_first_field_and_keep_every_part_in_order() -> None:
    parts = (field_error("name"), field_error("hours", "premises.hours_invalid"))
    error = FieldErrors(*parts)
    assert (error.kind, error.code, error.params) == (Kind.INVALID, "web.fields", {"field": "name"})
    assert error.parts == parts


def test_not_found_carries_nothing_that_tells_why() -> None:
    assert (not_found().kind, not_found().code, not_found().params) == (Kind.NOT_FOUND, "access.none", {})
