from brightkitchen.domain.users.oidc_flows import LASTS_S, MAX_OPEN, Flows
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SystemEntropy


def _flows() -> tuple[Flows, ManualClock]:
    clock = ManualClock()
    return Flows(clock, SystemEntropy()), clock


def test_flow_is_taken_once_by_its_browser() -> None:
    flows, _ = _flows()
    sent, other = flows.open("https://ours/login/sso"), flows.open("https://ours/login/sso")
    assert flows.take(sent.state, other.browser_token) is None
    assert flows.take(sent.state, sent.browser_token) == sent.flow
    assert flows.take(sent.state, sent.browser_token) is None


def test_flow_shares_no_random_value_with_another() -> None:
    flows, _ = _flows()
    sent = [flows.open("r") for _ in range(3)]
    values = [v for s in sent for v in (s.state, s.browser_token, s.flow.nonce, s.flow.verifier)]
    assert len(set(values)) == 12 and {len(value) for value in values} == {43}


def test_flow_lasts_ten_minutes() -> None:
    flows, clock = _flows()
    early, late = flows.open("r"), flows.open("r")
    clock.jump(LASTS_S - 1)
    assert flows.take(early.state, early.browser_token) is not None
    clock.jump(1)
    assert flows.take(late.state, late.browser_token) is None


def test_flows_beyond_the_bound_push_out_the_oldest() -> None:
    flows, _ = _flows()
    sent = [flows.open("r") for _ in range(MAX_OPEN + 1)]
    assert flows.take(sent[0].state, sent[0].browser_token) is None
    assert flows.take(sent[-1].state, sent[-1].browser_token) is not None
