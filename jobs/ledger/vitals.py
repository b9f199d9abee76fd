"""How the ledger and its server are, in one round trip: what watches over them reads it every few seconds.

Law of the room: nothing is read that grows with campaigns or phones, and nothing is written.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from redis import Redis

from jobs.eastern import eastern_date
from jobs.ledger import keys, meter
from jobs.ledger.balances import Noted, read_noted
from jobs.ledger.breaker import Breaker, Cause, read_breaker
from jobs.ledger.fields import EPOCH, decoded, from_ms, text
from jobs.ledger.keys import Due
from jobs.ledger.meter import Totals

DAYS = (1, 2, 3)
"""How many days ago those days were whose comparison is read; older ones are no news."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What stands in a due set: how many, and the instant for which the first was told."""

    count: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Slot:
    """The newest slot of an entry of the timetable that was claimed."""

    at: datetime
    late: timedelta | None
    """How late it was claimed; None where an older scheduler did it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A day beside the gateway: whether all of it is compared, and sessions by what was found of them."""

    is_done: bool
    sessions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AccountVitals:
    """How one gateway account is."""

    breakers: Mapping[Cause, Breaker]
    unconfirmed: int
    """Changes of its do-not-dial list that the gateway has not confirmed."""
    balance: Noted | None
    is_low: bool
    days: Mapping[int, Compared]
    """By how many days ago, those that were compared."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """All of it. `server` is what the Redis server says of itself; empty where it says nothing."""

    at: datetime
    has_forgotten: bool
    """Sending is halted because the ledger has lost what it had acknowledged."""
    is_halted: bool
    """Sending is halted because a person wants it so."""
    is_doubted: bool
    """The server was started anew a moment ago."""
    is_led: bool
    """A scheduler holds the lease, by the server's clock."""
    term: int
    """How many schedulers have led, one after the other."""
    slots: Mapping[str, Slot]
    due: Mapping[Due, Waiting]
    in_doubt: Waiting
    totals: Totals
    accounts: Mapping[str, AccountVitals]
    server: Mapping[str, Any]


Answer = TypeVar("Answer")


class _Later(Generic[Answer]):
    """An answer that is there once all questions were sent."""

    def __init__(self, read: Callable[[Any], Answer]) -> None:
        self.read = read
        self.raw: Any = None

    def __call__(self) -> Answer:
        if isinstance(self.raw, Exception):
            raise self.raw
        return self.read(self.raw)


class _Questions:
    """Commands that go out together, each with the way to read its answer."""

    def __init__(self, redis: Redis) -> None:
        self.pipeline = redis.pipeline(transaction=False)
        self._asked: list[_Later[Any]] = []

    def ask(self, queued: object, read: Callable[[Any], Answer]) -> _Later[Answer]:
        """Note how to read the answer to the command that was queued last."""
        later = _Later(read)
        self._asked.append(later)
        return later

    def send(self) -> None:
        """Ask them all."""
        with self.pipeline as pipeline:
            for later, raw in zip(self._asked, pipeline.execute(raise_on_error=False), strict=True):
                later.raw = raw


def read(redis: Redis, accounts: Iterable[str], *, now: datetime) -> Vitals:
    """Read it, for these accounts. Raises `RedisError`."""
    asked = _Questions(redis)
    pipeline = asked.pipeline
    halt = asked.ask(pipeline.hgetall(keys.HALT), decoded)
    doubt = asked.ask(pipeline.exists(keys.DOUBT), bool)
    leadership = asked.ask(pipeline.hgetall(keys.LEADERSHIP), decoded)
    server_time = asked.ask(pipeline.time(), lambda raw: datetime.fromtimestamp(raw[0], UTC))
    slots = asked.ask(pipeline.hgetall(keys.TICKS), _slots)
    due = {each: _ask_waiting(asked, each) for each in Due}
    in_doubt = _ask_waiting(asked, keys.IN_DOUBT)
    totals = asked.ask(pipeline.hgetall(keys.TOTALS), lambda raw: meter.totals(decoded(raw)))
    low = asked.ask(pipeline.hkeys(keys.LOW_BALANCES), lambda names: set(map(text, names)))
    of_accounts = {account: _ask_account(asked, account, now) for account in accounts}
    server = asked.ask(pipeline.info(), dict)
    asked.send()
    return Vitals(
        at=now,
        has_forgotten="since" in halt(),
        is_halted="asked_at" in halt(),
        is_doubted=doubt(),
        is_led=from_ms(leadership().get("ends_at", "0")) > server_time(),
        term=int(leadership().get("term", 0)),
        slots=slots(),
        due={each: waiting() for each, waiting in due.items()},
        in_doubt=in_doubt(),
        totals=totals(),
        accounts={account: vitals(account in low()) for account, vitals in of_accounts.items()},
        server={} if isinstance(server.raw, Exception) else server(),  # hosted servers forbid what they like
    )


def _ask_waiting(asked: _Questions, due: str) -> Callable[[], Waiting]:
    count = asked.ask(asked.pipeline.zcard(due), int)
    first = asked.ask(asked.pipeline.zrange(due, 0, 0, withscores=True), _first_at)
    return lambda: Waiting(count(), first())


def _first_at(raw: list[tuple[bytes, float]]) -> datetime | None:
    return EPOCH + timedelta(milliseconds=raw[0][1]) if raw else None


def _ask_account(asked: _Questions, account: str, now: datetime) -> Callable[[bool], AccountVitals]:
    pipeline = asked.pipeline
    breakers = {
        cause: asked.ask(pipeline.hgetall(keys.breaker(account, cause)), lambda raw: read_breaker(decoded(raw)))
        for cause in Cause
    }
    unconfirmed = asked.ask(pipeline.hmget(keys.do_not_dial(account), "changes", "confirmed"), _unconfirmed)
    balance = asked.ask(pipeline.zrange(keys.balances(account), -1, -1), _balance)
    today = eastern_date(now)
    reports = [keys.day_report(account, today - timedelta(days=ago)) for ago in DAYS]
    days = asked.ask(pipeline.mget(reports), _days)
    return lambda is_low: AccountVitals(
        breakers={cause: found() for cause, found in breakers.items()},
        unconfirmed=unconfirmed(),
        balance=balance(),
        is_low=is_low,
        days=days(),
    )


def _unconfirmed(raw: list[bytes | None]) -> int:
    changes, confirmed = (int(each or 0) for each in raw)
    return changes - confirmed


def _balance(raw: list[bytes]) -> Noted | None:
    return read_noted(text(raw[0])) if raw else None


def _slots(raw: Mapping[Any, Any]) -> dict[str, Slot]:
    fields = decoded(raw)
    names = [name for name in fields if ":" not in name]
    return {name: Slot(from_ms(fields[name]), _late(fields.get(f"{name}:late"))) for name in names}


def _late(milliseconds: str | None) -> timedelta | None:
    return timedelta(milliseconds=int(milliseconds)) if milliseconds else None


def _days(raw: list[bytes | None]) -> dict[int, Compared]:
    return {ago: _compared(json.loads(report)) for ago, report in zip(DAYS, raw, strict=True) if report}


def _compared(report: Mapping[str, Any]) -> Compared:
    """Only counts are read: what is named may be thousands, and is for people."""
    counts = {name: report[name] for name in ("matched", "open")}
    totals = {name: part["total"] for name, part in report.items() if isinstance(part, dict) and "total" in part}
    return Compared(report["is_done"] and report.get("is_over", True), counts | totals)
