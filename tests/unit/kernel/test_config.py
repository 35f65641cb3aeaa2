from pathlib import Path

import pytest

from brightkitchen.kernel.config import Config, load_config
from brightkitchen.kernel.errors import BrightKitchenError

EXAMPLE = Path(__file__).parents[3] / "brightkitchen.example.toml"


def test_example_file_loaded_equals_defaults() -> None:
    assert load_config(EXAMPLE, {}) == Config()


def test_example_file_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")

    def names(value: object) -> list[str]:
        fields = getattr(value, "__struct_fields__", ())
        return [name for field in fields for name in (field, *names(getattr(value, field)))]

    assert [
        name
        for name in names(Config())
        if f"{name} = " not in text and f"[{name}]" not in text and f".{name}]" not in text
    ] == []


def test_flag_and_environment_given_flag_wins_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "b.toml"
    file.write_text('city = "甲"\n[web]\nport = 1001\nadmin_port = 1002\n')
    environment = {"BRIGHTKITCHEN_WEB__PORT": "2001", "BRIGHTKITCHEN_WEB__ADMIN_PORT": "2002", "PATH": "/bin"}
    config = load_config(file, environment, {"web.port": 3001, "data_dir": None})
    assert (config.city, config.web.port, config.web.admin_port, config.data_dir) == ("甲", 3001, 2002, "data")


def test_environment_list_is_read_as_toml() -> None:
    config = load_config(None, {"BRIGHTKITCHEN_NETGUARD__ALLOW_ENDPOINTS": '["127.0.0.1:18554-18600"]'})
    assert config.netguard.allow_endpoints == ("127.0.0.1:18554-18600",)


@pytest.mark.parametrize(
    ("flags", "code", "problem"),
    [
        ({"web.port": 0}, "config.invalid", "Expected `int` >= 1 - at `$.web.port`"),
        ({"web.port": "eighty"}, "config.invalid", "Expected `int`, got `str` - at `$.web.port`"),
        ({"web.prot": 80}, "config.invalid", "Object contains unknown field `prot` - at `$.web`"),
        ({"media.segment_s": 4}, "config.invalid", "Expected `float` >= 5.0 - at `$.media.segment_s`"),
        ({"faults.urban_hours": 72}, "config.invalid", "Expected `int` <= 48 - at `$.faults.urban_hours`"),
        ({"faults.offline_after_s": 5}, "config.invalid", "Expected `int` >= 60 - at `$.faults.offline_after_s`"),
        ({"city.name": "x", "city": "y"}, "config.invalid", "Expected `str`, got `object` - at `$.city`"),
    ],
)
def test_bad_value_is_refused_with_its_key(flags: dict[str, object], code: str, problem: str) -> None:
    first = dict(list(flags.items())[:1])
    with pytest.raises(BrightKitchenError) as refused:
        load_config(None, {}, first)
    assert (refused.value.code, refused.value.params["problem"]) == (code, problem)


def test_village_that_is_mended_sooner_than_a_street_is_refused() -> None:
    with pytest.raises(BrightKitchenError) as refused:
        load_config(None, {}, {"faults.urban_hours": 12, "faults.rural_hours": 8})
    assert (refused.value.code, refused.value.params) == ("config.faults_order", {"urban_hours": 12, "rural_hours": 8})


def test_two_listeners_on_one_port_are_refused() -> None:
    with pytest.raises(BrightKitchenError) as refused:
        load_config(None, {}, {"web.port": 8081})
    assert refused.value.params == {"first": "web.port", "second": "media.first_port+0", "port": 8081}


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        load_config(tmp_path / "none.toml", {})
    assert refused.value.code == "config.no_file"


def test_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "b.toml"
    file.write_text("port = = 1")
    with pytest.raises(BrightKitchenError) as refused:
        load_config(file, {})
    assert refused.value.code == "config.unreadable"


def test_volumes_with_one_name_are_refused() -> None:
    disk = {"name": "disk", "path": "/mnt/a"}
    for twice in ([disk, disk], [{"name": "store", "path": "/mnt/a"}]):
        with pytest.raises(BrightKitchenError) as caught:
            load_config(None, {}, {"store.volumes": twice})
        assert caught.value.code == "config.volume_name"
    assert load_config(None, {}, {"store.volumes": [disk]}).store.volumes[0].quota_gb == 0


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({"tls.certificate": "a.pem"}, "config.tls_half"),
        ({"tls.key": "a.pem"}, "config.tls_half"),
        ({"tls.generated": True, "tls.certificate": "a.pem", "tls.key": "b.pem"}, "config.tls_two"),
        ({"web.public_url": "kitchen.example.cn"}, "config.public_url"),
        ({"web.public_url": "https://kitchen.example.cn/page"}, "config.public_url"),
        ({"web.public_url": "https://user@kitchen.example.cn"}, "config.public_url"),
        ({"media.public_url": "media"}, "config.media_url"),
        ({"media.public_url": "//media.example.cn"}, "config.media_url"),
        ({"media.public_url": "https://kitchen.example.cn/media?x=1"}, "config.media_url"),
        ({"web.trusted_proxies": ["proxy.example.cn"]}, "config.network_invalid"),
        ({"tls.generated": True, "web.tls_port": 8081}, "config.port_twice"),
    ],
)
def test_way_in_that_is_not_whole_is_refused(flags: dict[str, object], code: str) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        load_config(None, {}, flags)
    assert refused.value.code == code


@pytest.mark.parametrize("url", ["/media", "/media/", "https://kitchen.example.cn/media", "http://[fd00::5]:9000"])
def test_place_of_media_is_a_path_or_an_address(url: str) -> None:
    assert load_config(None, {}, {"media.public_url": url}).media.public_url == url


def test_port_of_https_may_be_taken_by_others_while_there_is_no_https() -> None:
    assert load_config(None, {}, {"web.port": 8443}).web.tls_port == 8443
