"""The producers of a round: they hand campaigns in and control them, insist until they are answered, keep receipts."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Self, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from config.redis_connection import connect
from jobs.campaigns.control import CampaignIsOver
from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.ledger import campaigns
from jobs.models import Terms
from jobs.producer import Producer
from tests.proof.checker import Receipt
from tests.proof.plan import Order, Way

Answer = TypeVar("Answer")

NEVER = ""
"""The campaign id of a receipt whose campaign has not come into being."""


class GaveUp(Exception):
    """The round was over before an answer came."""


class Clients:
    """A thread for each order. A context manager; what has no answer when it ends gets none."""

    def __init__(self, redis_url: str, orders: Sequence[Order], phones: Sequence[str]) -> None:
        self._redis = connect(redis_url, name="clients", patience_s=5, max_connections=16)
        self._producer = Producer(self._redis, lead=timedelta(minutes=10))
        self._pool = ThreadPoolExecutor(max_workers=2 * len(orders))
        self._over = Event()
        self._phones = _shared_out(orders, phones)
        self._orders = orders
        self._began_s = time.monotonic()
        self._futures: list[Future[None]] = []
        self.receipts: dict[str, Receipt] = {}

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._futures = [self._pool.submit(self._carry_out, order) for order in self._orders]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown(cancel_futures=True)
        self._redis.close()

    @property
    def are_done(self) -> bool:
        """Whether every order is carried out; raises what went wrong with one."""
        return all(future.done() and future.result() is None for future in self._futures)

    def _carry_out(self, order: Order) -> None:
        with suppress(GaveUp):
            self._sleep(self._began_s + order.at_s - time.monotonic())
            self._hand_in(order)
            for after_s, verb in order.verbs:
                self._sleep(after_s)
                self._control(order, verb)

    def _hand_in(self, order: Order) -> None:
        phones = self._phones[order.key]
        match order.way:
            case Way.RAW:
                self._insist(lambda: _enqueue(self._redis, order.key, phones))
                self.receipts[order.key] = Receipt(order.key, phones, NEVER)
                campaign_id = self._insist(lambda: self._taken(order.key))
            case Way.TWICE:
                other = self._pool.submit(self._submit, order, phones)
                campaign_id = self._submit(order, phones)
                if other.result() != campaign_id:
                    raise AssertionError(f"two producers got two campaigns for the key {order.key}")
            case Way.PRODUCER:
                campaign_id = self._submit(order, phones)
        self.receipts[order.key] = Receipt(order.key, phones, campaign_id)

    def _submit(self, order: Order, phones: Sequence[str]) -> str:
        key, policy = order.key, order.when_unknown
        terms = Terms(caller_id="6175550100", audio_title="Reminder", title=key, when_unknown=policy)
        planned = plan(Row(line, phone) for line, phone in enumerate(phones, start=1))
        return self._insist(lambda: self._producer.submit(terms, planned, key=key).campaign_id)

    def _taken(self, key: str) -> str:
        holder = campaigns.holder(self._redis, key)
        if holder is None:
            raise RedisError("not taken in yet")
        return holder.campaign_id

    def _control(self, order: Order, verb: str) -> None:
        receipt = self.receipts[order.key]
        with suppress(CampaignIsOver):
            self._insist(lambda: self._producer.control(receipt.campaign_id, verb, why="as planned"))
            if verb in {"stop", "cancel"}:
                self.receipts[order.key] = replace(receipt, stopped_s=time.time())

    def _insist(self, do: Callable[[], Answer]) -> Answer:
        """Until it is answered, as every caller of a producer may."""
        while True:
            try:
                return do()
            except RedisError:
                self._sleep(0.3)

    def _sleep(self, seconds: float) -> None:
        if self._over.wait(max(0, seconds)):
            raise GaveUp


def _shared_out(orders: Sequence[Order], phones: Sequence[str]) -> dict[str, Sequence[str]]:
    """Each order's own phones, nobody else's."""
    shares, start = {}, 0
    for order in orders:
        shares[order.key] = phones[start : start + order.phone_count]
        start += order.phone_count
    return shares


def _enqueue(redis: Redis, key: str, phones: Sequence[str]) -> None:
    campaign = {"caller_id": "6175550100", "audio_title": "Reminder", "title": key, "recipients": list(phones)}
    queue = Queue("campaigns", connection=redis, serializer=JSONSerializer)
    queue.enqueue(
        "jobs.entrypoints.submit_campaign", kwargs={"campaign": campaign, "key": key}, description=f"campaign {key}"
    )
