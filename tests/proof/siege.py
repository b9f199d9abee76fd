"""One round: a Dropline of its own, besieged as planned, left in peace until it is at rest, and judged."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from jobs.campaigns.control import UnknownCampaign
from jobs.ledger import arrivals, campaigns, evidence, submissions
from jobs.models import SubmissionState
from jobs.outcomes.heard import Heard
from tests import oracle
from tests.end_to_end.stage import Stage, people
from tests.fault_proxy import FaultProxy
from tests.proof.checker import Verdict, is_over, judge, left_to_policy, unstopped
from tests.proof.clients import Clients
from tests.proof.crews import Crews
from tests.proof.dashboard import press
from tests.proof.plan import DEADLINE_S, Plan, Strike

TICK_S = 0.02
APART_S = 1.0
"""How long lies between two blows that are dealt after the last one of the plan."""
LOOK_EVERY_S = 1.0
SUBMISSION_PATIENCE_S = 2.0
"""How long a strike waits for a submission to be on its way."""
PATIENCE_S = 200.0
"""How long a round may take to come to rest. RQ takes a minute and more to find a job whose worker was killed."""
AFTERWARDS_S = 3.0
"""How long is waited, once all is at rest, for what may still reach the gateway late."""
SETTLING_S = 25.0
"""The same while something is unknown: it is looked for at the gateway after 20 seconds, and then more seldom."""

WORKERS = {
    "GATEWAY_DEADLINE_S": str(DEADLINE_S),
    "GATEWAY_CALLS_PER_S": "10",
    "POLL_MAX_S": "3",
    "SEND_CONCURRENCY": "4",
    "SCHEDULER_LEASE_S": "3",
}


class Interrupted(Exception):
    """Somebody asked the round to end."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a round."""

    plan: Plan
    verdict: Verdict
    faults: Counter[str]
    """What was done to it, by kind."""
    kills: int
    """Moments at which processes were killed, one or several."""
    killed_processes: int
    campaigns: int
    submissions: int
    phones: int
    postbacks: int
    """That were answered `OK`."""
    settled: int
    """Submissions that were unknown for a while."""
    held: int
    """Submissions that are unknown at the end, for a person to decide."""
    held_and_taken: int
    """Of these, those that the gateway had taken."""
    sent_again: int
    """Submissions that were sent again, by their campaign's policy."""
    late: int
    """Sessions that the gateway listed only after they had been taken for absent; all of them must be stopped."""
    took_s: float


def play(plan: Plan, folder: Path, *, stop: threading.Event, least_killed: int = 0, in_a_hurry: bool = False) -> Played:
    """Play a round; its logs stay in `folder`. Raises `Interrupted` soon after `stop` is set.

    On a slow machine many blows find nobody on his feet: the siege goes on until `least_killed` processes were killed.

    `in_a_hurry` a person has call records asked for in the end, where a bell that was lost would ring after a minute,
    and does not wait for what is unknown to be settled.
    """
    began_s = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        siege = _Siege(plan, folder, opened, stop)
        siege.besiege(least_killed)
        siege.lift()
        if in_a_hurry:
            siege.have_records_asked_for()
        siege.wait_until_at_rest(0 if in_a_hurry else SETTLING_S)
        return siege.judged(time.monotonic() - began_s)


class _Siege:
    """A round under way: everything that it opened ends with `opened`."""

    def __init__(self, plan: Plan, folder: Path, opened: ExitStack, stop: threading.Event) -> None:
        self._plan, self._stop = plan, stop
        conditions, pace = plan.conditions, plan.conditions.calls_per_second
        settings = {**WORKERS, **conditions.workers}
        self._stage = opened.enter_context(
            Stage(folder, speed=conditions.speed, calls_per_second=pace, seed=plan.seed, **settings)
        )
        self._stage.simulator.change({"postbacks": conditions.postbacks, **conditions.gateway})
        server, gateway = self._stage.redis_server.url, self._stage.simulator.base_url
        self._redis_link = opened.enter_context(FaultProxy(server))
        self._gateway_link = opened.enter_context(FaultProxy(gateway))
        redis_url = self._redis_link.url if plan.redis_storm else server
        self._onlooker = opened.enter_context(_hasty(server))
        self._looked_s = 0.0
        self._news_s = 0.0
        self._unknown: set[str] = set()
        self._ever_unknown: set[str] = set()
        self._arm()
        gateway_url = self._gateway_link.url if plan.gateway_storm else gateway
        self._crews = opened.enter_context(Crews(self._stage, REDIS_URL=redis_url, GATEWAY_URL=gateway_url))
        phones = people(sum(order.phone_count for order in plan.orders))
        self._clients = opened.enter_context(Clients(redis_url, plan.orders, phones))
        self._lifted = threading.Event()
        self._pressing = self._press(opened) if plan.presses_buttons else None
        self._began_s = time.monotonic()

    def _arm(self) -> None:
        self._stage.simulator.faults.arm(*self._plan.gateway_faults)
        if self._plan.redis_storm:
            self._redis_link.blow(self._plan.redis_storm)
        if self._plan.gateway_storm:
            self._gateway_link.blow(self._plan.gateway_storm)

    def _press(self, opened: ExitStack) -> Future[Counter[str]]:
        pool = opened.enter_context(ThreadPoolExecutor(max_workers=1))
        opened.callback(self._lifted.set)
        return pool.submit(press, self._onlooker, Random(self._plan.seed), until=self._lifted)

    def besiege(self, least_killed: int) -> None:
        """Deal every blow in its time, or a little later; those that would come after the end are left out."""
        for strike in self._plan.strikes:
            self._go_on_until(partial(self._is_past, strike.at_s))
            self._wait_for_a_submission(strike)
            if self._is_past(self._plan.siege_s):
                break
            self._crews.strike(strike)
        self._go_on_until(partial(self._is_past, self._plan.siege_s))
        for strike in cycle(each for each in self._plan.strikes if each.blow.is_kill):
            if self._crews.killed_processes >= least_killed:
                break
            self._crews.strike(strike)
            self._go_on_until(partial(self._is_past, time.monotonic() - self._began_s + APART_S))

    def lift(self) -> None:
        """From here on nobody is struck; only the gateway fails by chance to the end."""
        self._lifted.set()
        self._redis_link.calm()
        self._gateway_link.calm()

    def have_records_asked_for(self) -> None:
        """Once more for each campaign that is under way, as `python -m jobs refresh` does it."""
        for receipt in list(self._clients.receipts.values()):
            with suppress(UnknownCampaign):  # a raw one that nobody has taken in yet
                self._stage.producer.refresh(receipt.campaign_id)

    def wait_until_at_rest(self, settling_s: float) -> None:
        """Until every campaign is over, nothing unknown has been settled for so long, what is to be sent again was, and
        every session that was listed late is stopped; or until patience ends.
        """
        gives_up_s = time.monotonic() + PATIENCE_S
        self._go_on_until(lambda: self._is_at_rest() or time.monotonic() > gives_up_s, every_s=0.5)
        self._news_s = time.monotonic()
        self._go_on_until(partial(self._is_quiet, settling_s))
        self._go_on_until(lambda: self._has_been_resent() or time.monotonic() > gives_up_s, every_s=0.5)
        self._go_on_until(lambda: self._is_at_rest() or time.monotonic() > gives_up_s, every_s=0.5)

    def _is_quiet(self, settling_s: float) -> bool:
        return time.monotonic() - self._news_s > (max(settling_s, AFTERWARDS_S) if self._unknown else AFTERWARDS_S)

    def _has_been_resent(self) -> bool:
        """Whether nothing is left to a policy, and nothing that came of it is left to be stopped."""
        try:
            return not (left_to_policy(self._onlooker) or unstopped(self._onlooker, self._stage.simulator))
        except RedisError:
            return False

    def judged(self, took_s: float) -> Played:
        """The checker's verdict, and the figures."""
        self._crews.end()
        redis, receipts = self._stage.redis, list(self._clients.receipts.values())
        held = self._unknown_now()
        struck = self._crews.struck
        return Played(
            plan=self._plan,
            verdict=judge(redis, self._stage.simulator, receipts),
            faults=self._faults(),
            kills=sum(count for blow, count in struck.items() if blow.is_kill),
            killed_processes=self._crews.killed_processes,
            campaigns=len(receipts),
            submissions=sum(len(campaigns.submission_ids(redis, each.campaign_id)) for each in receipts),
            phones=sum(len(receipt.phones) for receipt in receipts),
            postbacks=sum(arrivals.read(redis).ends.get(each, 0) for each in Heard if each.is_in),
            settled=len(self._ever_unknown - held),
            held=len(held),
            held_and_taken=self._taken(held),
            sent_again=self._sent_again(),
            late=sum(map(len, oracle.late_sessions(redis, self._stage.simulator).values())),
            took_s=took_s,
        )

    def _sent_again(self) -> int:
        redis, receipts = self._stage.redis, self._clients.receipts.values()
        ids = [own for each in receipts for own in campaigns.submission_ids(redis, each.campaign_id)]
        return sum(any(seen.decided == "resend" for seen in evidence.read(redis, each)) for each in ids)

    def _taken(self, held: Iterable[str]) -> int:
        accepted = self._stage.accepted()
        return sum(any(phone in accepted for phone in submissions.phones(self._stage.redis, one)) for one in held)

    def _faults(self) -> Counter[str]:
        """All that was really done, by kind."""
        faults: Counter[str] = Counter({str(blow): count for blow, count in self._crews.struck.items()})
        asked = self._stage.simulator.truth.arrivals
        faults.update(f"gateway: {_words(arrival.fault)}" for arrival in asked if arrival.fault)
        for link, happened in (("redis", self._redis_link.happened), ("gateway", self._gateway_link.happened)):
            faults.update({f"way to {link}: {_words(kind)}": count for kind, count in happened.items()})
        if self._pressing:
            faults.update({f"dashboard: {_words(name)}": count for name, count in self._pressing.result().items()})
        return faults

    def _is_past(self, at_s: float) -> bool:
        return time.monotonic() >= self._began_s + at_s

    def _wait_for_a_submission(self, strike: Strike) -> None:
        if strike.delay_s is not None:
            before, gives_up_s = self._posts(), time.monotonic() + SUBMISSION_PATIENCE_S
            self._go_on_until(lambda: self._posts() > before or time.monotonic() > gives_up_s, every_s=0.005)
            time.sleep(strike.delay_s)

    def _posts(self) -> int:
        return sum(arrival.option == "new_campaign" for arrival in self._stage.simulator.truth.arrivals)

    def _is_at_rest(self) -> bool:
        if not (self._clients.are_done and self._crews.are_thawed):
            return False
        try:
            found = [campaigns.read(self._onlooker, each.campaign_id) for each in self._clients.receipts.values()]
        except RedisError:
            return False
        return all(view is not None and is_over(view) for view in found)

    def _go_on_until(self, is_so: Callable[[], bool], *, every_s: float = TICK_S) -> None:
        """Keep crews alive and look at what they do, until it is so."""
        while not is_so():
            if self._stop.wait(every_s):
                raise Interrupted
            self._crews.keep_alive()
            if time.monotonic() - self._looked_s > LOOK_EVERY_S:
                self._look()

    def _look(self) -> None:
        """Note which submissions are unknown at this moment."""
        self._looked_s = time.monotonic()
        try:
            unknown = self._unknown_now()
        except RedisError:
            return  # it is away; there is another look
        if unknown != self._unknown:
            self._unknown, self._news_s = unknown, self._looked_s
            self._ever_unknown |= unknown

    def _unknown_now(self) -> set[str]:
        receipts = list(self._clients.receipts.values())
        ids = [own for each in receipts for own in campaigns.submission_ids(self._onlooker, each.campaign_id)]
        found = submissions.read(self._onlooker, ids)
        return {each.id for each in found if each.state is SubmissionState.UNKNOWN}


def _hasty(url: str) -> Redis:
    """A client that does not wait: its server may be away, or frozen by the very thread that asks."""
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def _words(name: str) -> str:
    return name.replace("_", " ")
