"""A hundred producers, each on a connection of its own that loses replies, hand in under one key."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from redis import Redis

from config.redis_connection import connect
from jobs.campaigns.plan import Plan, plan
from jobs.campaigns.take import KeyConflict, Taken
from jobs.contacts import Row
from jobs.ledger import campaigns
from jobs.models import Terms
from jobs.producer import Producer
from tests.end_to_end.stage import people
from tests.fault_proxy import FaultKind, FaultProxy, Storm
from tests.proof.checker import phones_of
from tests.servers import RedisServer

pytestmark = [pytest.mark.processes]

PRODUCERS = 100
TERMS = Terms(caller_id="6175550100", audio_title="Reminder")
LOSSES = (FaultKind.LOSE_REPLY, FaultKind.CUT_REPLY, FaultKind.CUT_REQUEST)
PAYLOADS = (people(3), people(3, area_code=617))


@pytest.fixture
def proxy(redis_server: RedisServer, redis: Redis) -> Iterator[FaultProxy]:
    with FaultProxy(redis_server.url) as made:
        made.blow(Storm(7, rate=0.08, kinds=LOSSES))
        yield made


def hand_in(url: str, together: Barrier, number: int) -> Taken | KeyConflict:
    """As a process of its own would: it knows nothing of the others."""
    with connect(url, name=f"producer-{number}", patience_s=60) as redis:
        producer = Producer(redis, lead=timedelta(minutes=10))
        payload = planned(PAYLOADS[number % 2])
        together.wait()
        try:
            return producer.submit(TERMS, payload, key="one key")
        except KeyConflict as conflict:
            return conflict


def planned(phones: Sequence[str]) -> Plan:
    return plan(Row(line, phone) for line, phone in enumerate(phones, start=1))


def test_one_campaign_comes_of_it_and_everybody_is_told_of_that_one(redis: Redis, proxy: FaultProxy) -> None:
    together = Barrier(PRODUCERS)
    with ThreadPoolExecutor(max_workers=PRODUCERS) as pool:
        answers = list(pool.map(partial(hand_in, proxy.url, together), range(PRODUCERS)))
    (campaign,) = campaigns.newest(redis, most=10)
    assert {answer.campaign_id for answer in answers} == {campaign.id}
    payload = PAYLOADS.index(phones_of(redis, campaign.id))
    assert [isinstance(answer, Taken) for answer in answers] == [number % 2 == payload for number in range(PRODUCERS)]
    assert {answer.fields for answer in answers if isinstance(answer, KeyConflict)} == {("recipients",)}
    assert Counter(answer.is_new for answer in answers if isinstance(answer, Taken)) == {True: 1, False: 49}
    assert proxy.happened[FaultKind.LOSE_REPLY] > 0
