"""What is said of an outage of Redis is no more than its server can keep."""

import pytest
from redis.exceptions import ConnectionError as OutOfReach
from structlog.testing import capture_logs

from config.durability import Durability
from config.outage import Outage


def fail() -> None:
    raise OutOfReach


@pytest.mark.parametrize(
    ("durability", "words"),
    [
        (Durability.STRICT, "nothing that was sent is forgotten"),
        (Durability.STANDARD, "at most the last second"),
        (Durability.BEST_EFFORT, "it has forgotten what was sent"),
        (None, "what it has on its disk is kept"),
    ],
)
def test_what_may_be_lost_is_said_by_what_the_server_keeps(durability: Durability | None, words: str) -> None:
    outage = Outage()
    outage.durability = durability
    with capture_logs() as logs:
        for _ in range(2):
            outage.guard(fail)()
    (told,) = logs
    assert words in told["meaning"]


def test_an_outage_is_told_in_two_lines_and_the_second_counts_what_failed() -> None:
    outage = Outage()
    with capture_logs() as logs:
        for chore in (fail, fail, fail, dict, dict, fail, dict):
            outage.guard(chore)()
    told = [(each["event"], each.get("failures")) for each in logs]
    one, back = ("redis_out_of_reach", None), "redis_is_back"
    assert told == [one, (back, 3), one, (back, 1)]
