"""Dramatiq with its `Retries` middleware. Even the careful one runs a message again whose worker was killed."""

import os
import time
from collections.abc import Mapping
from functools import lru_cache

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import ResultFailure, ResultMissing, Results
from dramatiq.results.backends import RedisBackend

from benchmarks.faults import errands
from benchmarks.faults.peers.gateway import IS_CAREFUL, RETRIES, NeverLeft, submit_campaign

REDIS_URL = os.environ["REDIS_URL"]

# How a message ended can only be asked for with results: https://dramatiq.io/guide.html and
# https://dramatiq.io/advanced.html#message-results
results = RedisBackend(url=REDIS_URL)
# Messages of a worker that went down are "eventually" delivered again: https://dramatiq.io/advanced.html#message-persistence
# These two make that about half a minute; by default a worker counts as gone after 60 s, and one command in a thousand
# looks for its messages: https://dramatiq.io/reference.html#dramatiq.brokers.redis.RedisBroker
broker = RedisBroker(url=REDIS_URL, heartbeat_timeout=20_000, maintenance_chance=50_000)
broker.add_middleware(Results(backend=results, store_results=True))
dramatiq.set_broker(broker)


def is_worth_another_try(retries: int, error: BaseException) -> bool:
    """For the careful one: https://dramatiq.io/reference.html#dramatiq.middleware.Retries."""
    return isinstance(error, NeverLeft) and retries < RETRIES


# Any exception is tried again, with growing waits: https://dramatiq.io/guide.html#message-retries
# The first wait is a second and not 15, as all waits of this benchmark are shortened.
@dramatiq.actor(
    max_retries=RETRIES,
    min_backoff=1_000,
    max_backoff=12_000,
    retry_when=is_worth_another_try if IS_CAREFUL else None,
)
def submit(title: str, phones: list[str]) -> str:
    """The actor."""
    return submit_campaign(title, phones)


def hand_in(campaigns: Mapping[str, list[str]]) -> dict[str, str]:
    """Messages have ids of their own; the producer keeps them with its key."""
    return {key: submit.send(key, phones).message_id for key, phones in campaigns.items()}


def look(message_id: str) -> str:
    """A result, the failure for one, or a dead letter: when Redis was away, its result may not have been stored."""
    message = submit.message().copy(message_id=message_id)
    try:
        results.get_result(message)
    except ResultMissing:
        return "failed" if message_id in dead_letters(int(time.time())) else "open"
    except ResultFailure:
        return "failed"
    return "accepted"


@lru_cache(maxsize=1)
def dead_letters(second: int) -> frozenset[str]:
    """The messages that are kept for somebody to look at: https://dramatiq.io/guide.html#dead-letters.

    Read once in a second.
    """
    letters = broker.client.hvals(f"{broker.namespace}:{submit.queue_name}.XQ.msgs")
    return frozenset(dramatiq.Message.decode(letter).message_id for letter in letters)


if __name__ == "__main__":
    errands.run(hand_in, look)
