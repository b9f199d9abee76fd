"""`quarantine`: a person sees what came and why it was not taken, and nobody's number."""

from redis import Redis

from jobs.ledger import arrivals
from jobs.ledger.arrivals import Count
from jobs.ledger.quarantine import Quarantined
from jobs.outcomes.heard import Heard, Posted, quarantined
from tests.jobs.cli.conftest import NOW, Run


def keep(redis: Redis, *entries: Quarantined) -> None:
    ends = {"recorded": 12_000, "unknown_token": 1, "foreign_phone": 1}
    arrivals.store(redis, [], Count(ends, quarantined=entries), now=NOW, durably=False)


def refused(kind: Heard, body: bytes, submission_id: str = "") -> Quarantined:
    return quarantined(NOW, kind, Posted("f" * 32, body, "192.0.2.7"), submission_id, None)


def test_before_anything_came_that_is_said(run: Run) -> None:
    assert run("quarantine").out.startswith("No postback has come yet.")
    assert run("quarantine", "--json").document == {"postbacks": {}, "quarantine": []}


def test_a_person_sees_what_came_why_and_from_where(run: Run, redis: Redis) -> None:
    keep(redis, refused(Heard.FOREIGN_PHONE, b"var=5000000001|2125550102|OK|||", "bcdf-1"))
    said = run("quarantine", env={"REDIS_URL": redis_url(redis), "COLUMNS": "200"}).out
    assert "12,002 postbacks came so far." in said
    for word in ("foreign_phone", "192.0.2.7", "bcdf-1", "not on the submission", "***0102", "show bcdf"):
        assert word in said
    assert "2125550102" not in said


def test_a_program_reads_the_same(run: Run, redis: Redis) -> None:
    keep(redis, refused(Heard.UNKNOWN_TOKEN, b"\x1b[31mhello"))
    document = run("quarantine", "--json").document
    assert document["postbacks"]["recorded"] == 12_000
    (entry,) = document["quarantine"]
    assert (entry["kind"], entry["bytes"], entry["submission_id"]) == ("unknown_token", 10, None)
    assert entry["said"] == "\N{REPLACEMENT CHARACTER}[31mhello"
    assert "f" * 32 not in str(document)


def redis_url(redis: Redis) -> str:
    place = redis.connection_pool.connection_kwargs
    return f"redis://{place['host']}:{place['port']}/0"
