from pathlib import Path
from typing import Any

import pytest

from brightkitchen.domain.users.oidc_settings import read_sign_on_rules
from brightkitchen.kernel.config import OidcConfig, load_config
from brightkitchen.kernel.errors import BrightKitchenError

GOOD: dict[str, Any] = {"issuer": "https://sso.example", "client_id": "us"}  # Any: fields of several types


def test_without_an_issuer_there_is_no_single_sign_on() -> None:
    assert not read_sign_on_rules(OidcConfig(), {}).is_on


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": ""}, "config.oidc_incomplete"),
        ({"issuer": ""}, "config.oidc_incomplete"),
        ({"issuer": "http://sso.example"}, "config.oidc_issuer"),
        ({"issuer": "https://sso.example/?realm=1"}, "config.oidc_issuer"),
        ({"scopes": ("profile",)}, "config.oidc_scope"),
        ({"client_secret": "hunter2hunter2"}, "config.oidc_secret"),
        ({"client_secret": "env:NOT_THERE"}, "config.oidc_secret"),
        ({"client_secret": "env:EMPTY"}, "config.oidc_secret"),
        ({"client_secret": "file:/nowhere/at/all"}, "config.oidc_secret"),
        ({"client_secret": "file:"}, "config.oidc_secret"),
    ],
)
def test_setting_that_cannot_be_meant_is_refused(changed: dict[str, Any], code: str) -> None:  # Any: as above
    with pytest.raises(BrightKitchenError) as refused:
        read_sign_on_rules(OidcConfig(**GOOD | changed), {"EMPTY": "  "})
    assert refused.value.code == code
    assert "hunter2" not in str(refused.value)


def test_secret_is_read_from_where_the_setting_says(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("pickles\n")
    file.chmod(0o600)
    from_file = read_sign_on_rules(OidcConfig(**GOOD, client_secret=f"file:{file}"), {})
    from_environment = read_sign_on_rules(OidcConfig(**GOOD, client_secret="env:SECRET"), {"SECRET": "pickles"})
    assert from_file.client_secret == from_environment.client_secret == "pickles"
    assert "pickles" not in repr(from_file)
    file.chmod(0o640)
    with pytest.raises(BrightKitchenError, match="oidc_secret_exposed"):
        read_sign_on_rules(OidcConfig(**GOOD, client_secret=f"file:{file}"), {})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1", ""])
def test_algorithm_without_a_key_pair_cannot_be_configured(algorithm: str) -> None:
    with pytest.raises(BrightKitchenError, match="algorithms"):
        load_config(None, {}, {"auth.oidc.algorithms": [algorithm]})
    with pytest.raises(BrightKitchenError, match="algorithms"):
        load_config(None, {}, {"auth.oidc.algorithms": []})
