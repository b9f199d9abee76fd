"""A ledger on a real server, a simulated gateway, and desks at which processes work, die, freeze and recover."""

import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from types import TracebackType
from typing import Self

from pydantic import SecretStr
from redis import Redis

from jobs.campaigns import control, do_not_dial, ending, refresh, send
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.plan import Plan
from jobs.campaigns.sweep import AGAIN_AFTER, Swept, sweep
from jobs.campaigns.take import take
from jobs.gateway.client import Credentials, Timeouts
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.ledger import campaigns, due, submissions
from jobs.ledger.fields import from_ms
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Submission, Terms
from jobs.outcomes.settle import settle
from tests import oracle
from tests.crash.steps import Life, SteppedGateway, SteppedRedis

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="March")
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS, and the usual authorities take 20 ms to read."""
MINUTES = timedelta(minutes=1)
PATIENT = Timeouts(connect_s=30, read_s=30, deadline_s=60)
RING_AGAIN_AFTER = timedelta(seconds=30)
TIMINGS = Timings(
    settle=timedelta(seconds=10),
    look_for=MINUTES * 4,
    absent_after=MINUTES,
    absent_apart=MINUTES,
    poll_first=MINUTES / 6,
)
TICK = timedelta(seconds=2)
"""How often a supervisor rings; a real one is quicker."""
LOOKS = 500
"""More than anything here needs until it is quiet."""

WORK: dict[Due, Callable[[Desk, str], object]] = {
    Due.CONTROL: control.control,
    Due.SEND: send.send,
    Due.REFRESH: refresh.refresh,
    Due.SETTLE: settle,
    Due.DO_NOT_DIAL: do_not_dial.sync,
    Due.END: ending.end,
}
"""What is done for an id of each due set, as the entry points do it."""


class World:
    """One ledger and one gateway for one case; their clock moves only when it is told."""

    def __init__(self, url: str, *, read_s: float | None = None, within: timedelta = timedelta(days=3)) -> None:
        self.url = url
        self.read_s = read_s
        self.within = within
        self.clock = Clock(starts_at=NOON, stopped=True)
        self.simulator = Simulator(Settings(calls_per_second=1, postbacks={"on": False}), clock=self.clock)
        self.redis = Redis.from_url(url, driver_info=None)
        self.campaign_id = ""
        self._desks: list[Desk] = []

    def __enter__(self) -> Self:
        self.redis.flushall()
        self.simulator.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.simulator.close()
        for each in [self.redis, *(desk.redis for desk in self._desks)]:
            each.connection_pool.disconnect()

    def desk(self, life: Life | None = None) -> Desk:
        """A desk of a process of its own."""
        life = life or Life()
        credentials = Credentials("demo", SecretStr("demo"))
        gateway = SteppedGateway(
            base_url=self.simulator.base_url, credentials=credentials, timeouts=PATIENT, tls=NO_TRUST
        )
        gateway.life, gateway.waits = life, self._timeouts
        desk = Desk(
            redis=SteppedRedis(self.url, life),
            gateway=lambda _account: gateway,
            clock=self.clock.now,
            random=Random(1),
            timings=TIMINGS,
            stopwatch=lambda: self.clock.now().timestamp(),
            sleep=lambda seconds: self.clock.jump(timedelta(seconds=seconds)),
            concurrency=1,
        )
        self._desks.append(desk)
        return desk

    def _timeouts(self) -> Timeouts:
        """A client that waits in vain is impatient, and no other: a slow machine must not make trouble of its own."""
        if self.read_s is None or not self.simulator.faults.armed:
            return PATIENT
        return Timeouts(connect_s=30, read_s=self.read_s, deadline_s=2 * self.read_s)

    def take(self, *chunks: Sequence[str], desk: Desk | None = None, terms: Terms = TERMS) -> str:
        """A campaign with these phones in each submission; its id."""
        plan = Plan(sum(map(len, chunks)), tuple(map(tuple, chunks)), ())
        at = desk or self.desk()
        taken = take(at.redis, terms, plan, key="march", now=self.clock.now(), lead=at.timings.lead)
        self.campaign_id = taken.campaign_id
        return taken.campaign_id

    @property
    def judged_by(self) -> oracle.Terms:
        """What a judge has to know of it."""
        return oracle.Terms(self.clock.now(), look_for=TIMINGS.look_for)

    @property
    def status(self) -> CampaignStatus:
        view = campaigns.read(self.redis, self.campaign_id)
        assert view is not None
        return view.status

    def submission(self, index: int = 1) -> Submission:
        (found,) = submissions.read(self.redis, [f"{self.campaign_id}-{index}"])
        return found

    def wait_for_gateway(self) -> None:
        """Until it has done with every request that arrived, also with those whose senders are gone."""
        gives_up_at = time.monotonic() + 60
        while any(each.answered_s is None for each in self.simulator.truth.arrivals):
            assert time.monotonic() < gives_up_at, "the gateway has not done with a request"
            time.sleep(0.002)

    def recover(self, *, within: timedelta | None = None) -> Swept:
        """A new process sweeps, and does all that is due until nothing is any more or the time for it has passed.

        Answers what the first sweep found to be forgotten.
        """
        self.clock.jump(AGAIN_AFTER)
        desk, ends_at = self.desk(), self.clock.now() + (within or self.within)
        forgotten = sweep(desk.redis, now=self.clock.now(), look_for=TIMINGS.look_for)
        for _ in range(LOOKS):
            next_at = self._next_at()
            if next_at is None or next_at > ends_at:
                return forgotten
            self.clock.jump_to(max(next_at, self.clock.now() + TICK))
            for due_set, work in WORK.items():
                for each in due.ring(desk.redis, due_set, now=self.clock.now(), most=100, again_after=RING_AGAIN_AFTER):
                    work(desk, each)
        raise AssertionError(f"not quiet after {LOOKS} looks: {oracle.unfinished(self.redis)}")

    def _next_at(self) -> datetime | None:
        """The next instant at which something is due."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for each in Due:
                pipeline.zrange(each, 0, 0, withscores=True)
            scores = [score for first in pipeline.execute() for _, score in first]
        return from_ms(str(int(min(scores)))) if scores else None
