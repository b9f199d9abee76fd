"""What a metric is, and short ways to state one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from jobs.ledger.arrivals import Arrivals
from jobs.ledger.backlogs import Standing
from jobs.ledger.breaker import BreakerState
from jobs.ledger.census import Counts
from jobs.ledger.meter import Clocked, Count, Times
from jobs.ledger.vitals import AccountVitals, Vitals
from web.queues import QueueVitals


@dataclass(frozen=True, slots=True)
class Found:
    """What one scrape has read."""

    vitals: Vitals
    queues: Mapping[str, QueueVitals]
    counts: Counts
    arrivals: Arrivals
    turned_away: Mapping[Any, int]
    """Postbacks that this process turned away, by why."""
    are_postbacks_expected: bool
    """Whether the settings say where the gateway is to post them."""
    webhooks: Sequence[Standing]
    took: timedelta

    def age(self, instant: datetime | None) -> float:
        """Seconds since an instant; 0 where there is none, or where it is still to come."""
        return max(0.0, (self.vitals.at - instant).total_seconds()) if instant else 0.0


class Kind(StrEnum):
    """What may be done with a metric: Prometheus' own words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


Sample = tuple[tuple[str, ...], float | Times]
"""The values of the labels, and the value."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. A counter's name ends in `_total`."""

    name: str
    kind: Kind
    meaning: str
    samples: Callable[[Found], Iterable[Sample]]
    labels: tuple[str, ...] = field(default=())


def one(name: str, meaning: str, value: Callable[[Found], float], kind: Kind = Kind.GAUGE) -> Metric:
    """A metric without labels."""
    return Metric(name, kind, meaning, lambda found: [((), float(value(found)))])


def each_queue(name: str, meaning: str, value: Callable[[QueueVitals], float]) -> Metric:
    return Metric(
        name,
        Kind.GAUGE,
        meaning,
        lambda found: [((queue,), value(vitals)) for queue, vitals in found.queues.items()],
        ("queue",),
    )


def each_account(name: str, meaning: str, value: Callable[[Found, AccountVitals], float | None]) -> Metric:
    """A metric with a sample for every account of which there is something to say."""

    def samples(found: Found) -> Iterable[Sample]:
        for account, vitals in found.vitals.accounts.items():
            if (told := value(found, vitals)) is not None:
                yield (account,), told

    return Metric(name, Kind.GAUGE, meaning, samples, ("account",))


def each_webhook(name: str, meaning: str, value: Callable[[Found, Standing], float], kind: Kind = Kind.GAUGE) -> Metric:
    """A metric with a sample for every webhook, by its name here."""
    return Metric(
        name,
        kind,
        meaning,
        lambda found: [((each.webhook.name,), float(value(found, each))) for each in found.webhooks],
        ("webhook",),
    )


def each_breaker(name: str, meaning: str, value: Callable[[Found, BreakerState, datetime | None], float]) -> Metric:
    def samples(found: Found) -> Iterable[Sample]:
        for account, vitals in found.vitals.accounts.items():
            for cause, breaker in vitals.breakers.items():
                yield (account, str(cause)), value(found, breaker.state, breaker.opened_at)

    return Metric(name, Kind.GAUGE, meaning, samples, ("account", "cause"))


def each_word(name: str, meaning: str, label: str, words: Callable[[Found], Mapping[Any, int]]) -> Metric:
    return Metric(
        name, Kind.GAUGE, meaning, lambda found: [((str(word),), n) for word, n in words(found).items()], (label,)
    )


def counted(name: str, meaning: str, what: Count, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, meaning, lambda found: found.vitals.totals.counts(what).items(), labels)


def clocked(name: str, meaning: str, what: Clocked, *labels: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, meaning, lambda found: found.vitals.totals.times(what).items(), labels)


def server(name: str, meaning: str, value: Callable[[Mapping[str, object]], object], kind: Kind = Kind.GAUGE) -> Metric:
    """Of the Redis server, where it tells."""

    def samples(found: Found) -> Iterable[Sample]:
        told = value(found.vitals.server)
        if isinstance(told, int | float):
            yield (), float(told)

    return Metric(name, kind, meaning, samples)


def says(field: str, word: str) -> Callable[[Mapping[str, object]], object]:
    return lambda server: server[field] == word if field in server else None
