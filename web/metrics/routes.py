"""The door at `/metrics`: reads the ledger once per scrape and says it in Prometheus' words.

It takes a visitor who may read. An open door on loopback would be one for everybody as soon as a proxy on the same
machine stands before it, and Prometheus can show a token (`authorization: credentials_file`) as well as any client.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from redis.exceptions import RedisError

from config.accounts import DEFAULT_ACCOUNT
from jobs.ledger import arrivals, backlogs, vitals
from jobs.ledger.census import Census
from jobs.ledger.meter import Times
from web import queues
from web.access import Scope, require
from web.metrics.catalogue import METRICS
from web.metrics.metric import Found, Kind, Metric
from web.site import Site
from web.turns import RETRY_AFTER_S, check_line

_FAMILIES = {Kind.GAUGE: GaugeMetricFamily, Kind.COUNTER: CounterMetricFamily, Kind.HISTOGRAM: HistogramMetricFamily}


def router(site: Site, turned_away: Mapping[Any, int]) -> APIRouter:
    """`/metrics` of a site. `turned_away` counts, as it is when somebody asks, the postbacks that were."""
    routes, registry = APIRouter(include_in_schema=False), CollectorRegistry(auto_describe=False)
    registry.register(Ledger(site, turned_away))

    @routes.get("/metrics", dependencies=[Depends(stand_in_line), Depends(require(Scope.READ))])
    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        try:
            return Response(encode(registry), media_type=content_type, headers={"Cache-Control": "no-store"})
        except RedisError:
            raise HTTPException(503, "Redis does not answer", {"Retry-After": str(RETRY_AFTER_S)}) from None

    return routes


async def stand_in_line() -> None:
    """A dependency: refuses where too many wait already."""
    check_line()


class Ledger(Collector):
    """Reads everything at each scrape; remembers the campaigns that are over."""

    def __init__(self, site: Site, turned_away: Mapping[Any, int]) -> None:
        self._site = site
        self._turned_away = turned_away
        self._census = Census()

    def collect(self) -> Iterable[Family]:
        """Every family of the catalogue, and the process's own. Raises `RedisError`."""
        found = read(self._site, self._census, self._turned_away)
        yield from (family(metric, found) for metric in METRICS)
        yield from REGISTRY.collect()  # what this process counts of itself

    def describe(self) -> Iterable[Family]:
        """Nothing, so that registering asks no Redis."""
        return ()


def read(site: Site, census: Census, turned_away: Mapping[Any, int]) -> Found:
    """All that a scrape needs: ten round trips at most, and one for every `census.STEP` campaigns that are looked
    at.
    """
    began = time.monotonic()
    accounts = tuple(site.settings.accounts) or (DEFAULT_ACCOUNT,)
    lived = vitals.read(site.redis, accounts, now=site.now)
    waiting = queues.read(site.redis, now=site.now)
    counts = census.count(site.redis)
    arrived = arrivals.read(site.redis)
    told = backlogs.everyone(site.redis)
    took, is_expected = timedelta(seconds=time.monotonic() - began), site.settings.public_url is not None
    return Found(lived, waiting, counts, arrived, dict(turned_away), is_expected, told, took)


def family(metric: Metric, found: Found) -> Family:
    """A metric with its samples."""
    made: Any = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=metric.labels)
    for labels, value in metric.samples(found):
        if isinstance(value, Times):
            made.add_metric(labels, buckets=list(_bounds(value)), sum_value=value.sum_s)
        else:
            made.add_metric(labels, value)
    return cast("Family", made)


def _bounds(times: Times) -> Iterator[tuple[str, float]]:
    for bound, count in times.buckets:
        yield floatToGoString(bound), count  # type: ignore[no-untyped-call]  # it has no types
