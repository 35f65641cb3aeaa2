import io
import json

import pytest

from brightkitchen.kernel.log import Repeats, configure_logging, get_logger, redact


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("GET rtsp://admin:geheim@10.1.1.1/main", "GET rtsp://…@10.1.1.1/main"),
        ("to postgresql+asyncpg://bk:ge/hei@m@db:5432/k now", "to postgresql+asyncpg://…@db:5432/k now"),
        ('"postgresql://bk:geheim@db/k" and a@b', '"postgresql://…@db/k" and a@b'),
        ("token bk1.eyJh.c2ln refused", "token bk1.… refused"),
        ("bkt_abc123 expired", "bkt_… expired"),
        ("Authorization: Basic YWRtaW46Z2VoZWlt", "Authorization: Basic …"),
        ("call 13812345678 now", "call 1********** now"),
        ("id 21030219900101123X end", "id ****************** end"),
        ("nothing secret 192.168.1.64:554", "nothing secret 192.168.1.64:554"),
        ("x" * 300, "x" * 255 + "…"),
    ],
)
def test_redact_secret_in_text_is_hidden(said: str, logged: str) -> None:
    assert redact(said) == logged


def logged_line(**fields: object) -> dict[str, object]:
    stream = io.StringIO()
    configure_logging(process="test", stream=stream)
    get_logger("t").info("happened", **fields)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    record: dict[str, object] = json.loads(lines[0])
    return record


def test_log_line_is_json_with_process_and_level() -> None:
    record = logged_line(camera="cam_1", size_bytes=5)
    assert (record["event"], record["process"], record["level"], record["size_bytes"]) == (
        "happened",
        "test",
        "info",
        5,
    )


def test_log_secret_key_at_any_depth_is_hidden() -> None:
    record = logged_line(password="geheim", nested={"api_token": "geheim", "list": ["rtsp://u:geheim@h/"]})
    assert "geheim" not in json.dumps(record)


def test_log_newline_from_outside_stays_in_one_line() -> None:
    assert logged_line(said='a\n{"level":"error"}\x1b[31m')["said"] == 'a\n{"level":"error"}\x1b[31m'


def test_log_traceback_is_kept_and_cleaned() -> None:
    stream = io.StringIO()
    configure_logging(process="test", stream=stream)
    try:
        raise ValueError("cannot open rtsp://u:geheim@10.0.0.1/")
    except ValueError:
        get_logger("t").exception("failed")
    assert "geheim" not in stream.getvalue()
    assert "test_log_traceback_is_kept_and_cleaned" in stream.getvalue()


def test_repeats_are_said_once_per_interval_with_their_number() -> None:
    repeats = Repeats(interval_s=60)
    assert [repeats.count("full", now_s) for now_s in (0, 1, 2, 60, 61, 200)] == [1, None, None, 3, None, 2]
