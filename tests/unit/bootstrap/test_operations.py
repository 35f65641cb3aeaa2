"""Settings become rules."""

from brightkitchen.bootstrap.operations import build_fault_rules
from brightkitchen.domain.maintenance.model import FaultRules
from brightkitchen.kernel.config import Config, FaultsConfig


def test_fault_rules_of_the_defaults_are_those_of_the_domain() -> None:
    assert build_fault_rules(Config()) == FaultRules()


def test_fault_rules_hold_every_setting() -> None:
    faults = FaultsConfig(
        urban_hours=2,
        rural_hours=4,
        offline_after_s=60,
        confirm_after_s=300,
        reopen_within_days=1,
        batch_premises=2,
        batch_within_s=90,
    )
    assert build_fault_rules(Config(faults=faults)) == FaultRules(7_200, 14_400, 60, 300, 86_400, 2, 90)
