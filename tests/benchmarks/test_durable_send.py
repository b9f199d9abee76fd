"""The benchmark of durable sends: it measures what it says, and says what it measured."""

from pathlib import Path

import pytest

from benchmarks.durable_send import WAYS, measure, percentile, report
from config.redis_connection import connect
from tests.servers import RedisServer


def test_every_way_is_measured_equally_often(tmp_path: Path) -> None:
    with RedisServer(appendonly=True, data_dir=tmp_path) as server, connect(server.url) as redis:
        times = measure(redis, 2)
    assert {way: len(times[way]) for way in WAYS} == dict.fromkeys(WAYS, 2)


def test_a_small_run_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    report("always", 2)
    said = capsys.readouterr().out
    assert "appendfsync always" in said
    assert all(f"\n{way} " in said for way in WAYS)


def test_a_percentile_is_one() -> None:
    assert percentile([float(value) for value in range(101)], 99) == 99
