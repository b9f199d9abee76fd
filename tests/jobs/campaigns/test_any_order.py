"""Whatever happens in whatever order: nobody is accepted twice for a key, a stop holds, nothing vanishes.

A machine does what producers, workers, people, crashes and the gateway do, and looks at the gateway's own book after
each step. What it finds to be wrong, Hypothesis shrinks to the shortest story.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from random import Random
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from redis import Redis

from jobs.campaigns import control, do_not_dial, refresh, send, take
from jobs.campaigns.desk import Desk
from jobs.campaigns.do_not_dial import Asked, Verb
from jobs.campaigns.take import KeyConflict
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator.as_text import record_line
from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.calls import record_of
from jobs.gateway.simulator.settings import Dialect
from jobs.ledger import campaigns, due
from jobs.ledger.keys import Due
from jobs.models import Intent, InvalidCampaign, Terms, WhenUnknown
from jobs.outcomes import hear, settle
from tests import oracle
from tests.conftest import SUITE
from tests.crash.steps import Interruption, Killed, Life, Moment, SteppedRedis
from tests.jobs.campaigns.conftest import NOON, PATIENT, client_of, planned
from tests.oracle import unmarked
from tests.proof.checker import is_over
from tests.servers import RedisServer

PEOPLE = ["2125550121", "6175550122", "9995550123", "3105550124"]
KEYS = ["march", "april", "may"]
TAKE_REAL_TIME = frozenset(
    {
        FaultKind.ACCEPT_LATE,
        FaultKind.ACCEPT_THEN_NEVER_ANSWER,
        FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING,
        FaultKind.SLOW,
        FaultKind.DRIP,
        FaultKind.DOWN_AFTER_ACCEPTING,
        FaultKind.DOWN_BEFORE_ACCEPTING,
    }
)
"""Faults that a story which is told again would meet elsewhere; tests with processes have them."""
FAULTS = sorted(set(FaultKind) - TAKE_REAL_TIME)
MANY = 500
"""Stories for the proof, and where one is looked for that must be wrong."""
ENOUGH_ROUNDS = 2_000
"""Until everything is quiet: two days have fewer instants at which something is due."""

people = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True)
keys = st.sampled_from(KEYS)


@dataclass(frozen=True)
class Acknowledged:
    """What a producer was told of a key."""

    campaign_id: str
    terms: Terms
    phones: tuple[str, ...]


class Campaigns(RuleBasedStateMachine):
    """Three keys, four people, one account; a worker is whoever does what is due."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self.server = server
        self.clock = Clock(starts_at=NOON, stopped=True)
        self.simulator = Simulator(Settings(calls_per_second=1, postbacks={"on": False}), clock=self.clock)
        self.simulator.start()
        self.client = client_of(self.simulator.base_url, timeouts=PATIENT)  # a story is the same on a slow machine
        self.redis = Redis.from_url(server.url)
        self.redis.flushall()
        self.redis.script_flush()  # so that the same story takes the same steps
        self.skew = timedelta(0)
        self.known: dict[str, Acknowledged] = {}
        self.wanted: dict[str, Intent] = {}
        self.listed: set[str] = set()
        self.seen = 0

    def teardown(self) -> None:
        with closing(self.simulator), closing(self.redis):
            self.all_comes_to_an_end()

    # What producers and people do

    @rule(key=keys, phones=people, later=st.booleans(), policy=st.sampled_from(WhenUnknown))
    def submit(self, key: str, phones: list[str], later: bool, policy: WhenUnknown) -> None:
        start = self.desk().clock() + timedelta(hours=2) if later else "now"
        terms = Terms(caller_id="6175550100", audio_title="Reminder", title=key, start=start, when_unknown=policy)
        before = self.known.get(key)
        try:
            taken = self.take(key, terms, phones)
        except InvalidCampaign:
            assert before is None
            assert set(phones) <= self.listed
        except KeyConflict:
            assert before is not None
            assert (before.terms, set(before.phones)) != (terms, set(phones))
        else:
            assert taken.is_new == (before is None)
            assert before is None or (before.terms, set(before.phones)) == (terms, set(phones))
            self.known.setdefault(key, Acknowledged(taken.campaign_id, terms, tuple(phones)))
            self.wanted.setdefault(key, Intent.RUN)
            assert taken.campaign_id == self.known[key].campaign_id

    @rule(key=keys)
    def submit_again(self, key: str) -> None:
        if before := self.known.get(key):
            taken = self.take(key, before.terms, before.phones[::-1])
            assert (taken.campaign_id, taken.is_new) == (before.campaign_id, False)

    @rule(key=keys, verb=st.sampled_from(sorted(control.VERBS)))
    def tell(self, key: str, verb: str) -> None:
        if known := self.known.get(key):
            with suppress(control.CampaignIsOver):
                at = self.desk()
                control.request(at.redis, known.campaign_id, control.VERBS[verb], why="", now=at.clock())
                self.wanted[key] = control.VERBS[verb]

    @rule(phone=st.sampled_from(PEOPLE), verb=st.sampled_from(Verb))
    def change_do_not_dial(self, phone: str, verb: Verb) -> None:
        at = self.desk()
        asked = Asked(by="dana", why="asked", source="test", at=at.clock())
        do_not_dial.change(at.redis, "default", verb, [Row(1, phone)], asked)
        self.listed = self.listed | {phone} if verb is Verb.ADD else self.listed - {phone}

    # What workers do, and what befalls them

    @rule(rounds=st.integers(1, 3))
    def work(self, rounds: int) -> None:
        for _ in range(rounds):
            self.do_what_is_due(self.desk())

    @rule(commands=st.integers(1, 40), last_is_done=st.booleans())
    def work_and_die(self, commands: int, last_is_done: bool) -> None:
        life = Life()
        life.interruptions = [Interruption(commands - 1, Moment.AFTER if last_is_done else Moment.BEFORE, life.end)]
        with closing(SteppedRedis(self.server.url, life)) as redis, suppress(Killed):
            self.do_what_is_due(replace(self.desk(), redis=redis))

    @rule(key=keys, work=st.sampled_from([send.send, refresh.refresh, settle.settle]))
    def run_any_job(self, key: str, work: Callable[[Desk, str], object]) -> None:
        """A bell that is old, doubled, or requeued by somebody."""
        if known := self.known.get(key):
            work(self.desk(), f"{known.campaign_id}-1")
            control.control(self.desk(), known.campaign_id)

    @rule(which=st.integers(0, 19), times=st.integers(1, 2))
    def a_postback_comes(self, which: int, times: int) -> None:
        """Early, late, or once more; of any call that the gateway has made."""
        sessions = self.simulator.truth.sessions
        made = [(each, number) for each in sessions for number in range(each.timeline.calls_made(self.simulator.now))]
        if made:
            session, number = made[which % len(made)]
            record = record_of(session, number, seed=0)
            body = urlencode({"var": record_line(record, Dialect(), prefixed=False)}) if record else "var="
            for _ in range(times):
                hear.hear(self.desk(), session.postback_url.rpartition("/")[2], body.encode())

    @rule()
    def start_anew(self) -> None:
        """A process that has seen nothing of what the ledger holds."""
        self.redis.close()
        self.redis = Redis.from_url(self.server.url)

    # What the gateway and the clocks do

    @rule(kind=st.sampled_from(FAULTS), on=st.sampled_from(["submission", "submission", "control", "question"]))
    def something_will_go_wrong(self, kind: FaultKind, on: str) -> None:
        # A refusal is believed, so the gateway must mean it; what it says in place of an answer is no word of its own.
        text = "Bad Audio, can't download" if kind is FaultKind.REFUSE else "Thank you for calling"
        self.simulator.faults.arm(Fault(kind=kind, on=on, text=text))

    @rule(seconds=st.sampled_from([1, 16, 31, 120, 1_800, 7_200]))
    def time_passes(self, seconds: int) -> None:
        self.clock.jump(timedelta(seconds=seconds))

    @rule(minutes=st.sampled_from([-60, -1, 0, 1, 60]))
    def our_clock_is_set(self, minutes: int) -> None:
        self.skew = timedelta(minutes=minutes)

    # What must hold

    @invariant()
    def nobody_is_accepted_twice_for_a_key(self) -> None:
        accepted = Counter((key_of(each), phone) for each in self.simulator.truth.sessions for phone in each.phones)
        assert not [each for each, times in accepted.items() if times > 1]

    @invariant()
    def nothing_starts_that_was_told_not_to(self) -> None:
        sessions = self.simulator.truth.sessions
        for session in sessions[self.seen :]:
            assert self.wanted[key_of(session)] is Intent.RUN
            assert set(session.phones) <= set(self.known[key_of(session)].phones) - self.listed
        self.seen = len(sessions)

    def all_comes_to_an_end(self) -> None:
        """The gateway heals, clocks agree, who was paused goes on, and somebody does what is due until nothing is."""
        self.simulator.faults.clear()
        self.skew = timedelta(0)
        for key in KEYS:
            if self.wanted.get(key) is Intent.PAUSE:
                self.tell(key, "resume")
        for _ in range(ENOUGH_ROUNDS):
            if not self.do_what_is_due(self.desk()) and not self.wait_for_what_is_due():
                break
        self.nobody_is_accepted_twice_for_a_key()
        self.nothing_starts_that_was_told_not_to()
        oracle.check(self.redis, self.simulator)
        for known in self.known.values():
            view = campaigns.read(self.redis, known.campaign_id)
            assert view is not None
            assert is_over(view), view.status

    # Means

    def desk(self) -> Desk:
        return Desk(
            redis=self.redis,
            gateway=lambda _account: self.client,
            clock=lambda: self.clock.now() + self.skew,
            random=Random(1),
            sleep=lambda seconds: self.clock.jump(timedelta(seconds=seconds)),
            postbacks_url="http://127.0.0.1:9/postbacks/",
        )

    def take(self, key: str, terms: Terms, phones: list[str] | tuple[str, ...]) -> take.Taken:
        at = self.desk()
        return take.take(at.redis, terms, planned(phones), key=key, now=at.clock(), lead=at.timings.lead)

    def do_what_is_due(self, desk: Desk) -> int:
        """As a worker does it, job by job; answers how much that was."""
        done = 0
        for name, work in WORK.items():
            rung = due.ring(desk.redis, name, now=desk.clock(), most=100, again_after=timedelta(seconds=30))
            for each in sorted(rung, key=self.place_of):
                work(desk, each)
                done += 1
        return done

    def place_of(self, due_id: str) -> int:
        """In the order in which campaigns were taken: their ids are drawn, and a story must be the same when it is told
        again.
        """
        order = [known.campaign_id for known in self.known.values()]
        campaign_id = due_id.partition("-")[0]
        return order.index(campaign_id) if campaign_id in order else -1

    def wait_for_what_is_due(self) -> bool:
        """Move the clock to the next instant at which something is due; False where nothing ever is."""
        first = [self.redis.zrange(name, 0, 0, withscores=True) for name in WORK]
        instants = [float(scored[0][1]) for scored in first if scored]
        if instants:
            ahead = timedelta(milliseconds=min(instants) - self.clock.now().timestamp() * 1_000)
            self.clock.jump(max(timedelta(seconds=1), ahead))
        return bool(instants)


WORK: Mapping[Due, Callable[[Desk, str], object]] = {
    Due.CONTROL: control.control,
    Due.DO_NOT_DIAL: do_not_dial.sync,
    Due.SEND: send.send,
    Due.REFRESH: refresh.refresh,
    Due.SETTLE: settle.settle,
}


def key_of(session: Session) -> str:
    """What its campaign was called, which here is its key."""
    return unmarked(session.title)


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_in_any_order_nobody_is_called_twice_and_nothing_vanishes(redis_server: RedisServer) -> None:
    redis_server.start()
    play(redis_server, stories=30 if settings.get_current_profile_name() == SUITE else MANY, steps=25)


def play(server: RedisServer, *, stories: int, steps: int) -> None:
    """So many stories of so many steps each; raises what the first one that is wrong shows, at its shortest."""
    run_state_machine_as_test(
        partial(Campaigns, server),  # type: ignore[arg-type]  # any callable does, as its documentation says
        settings=settings(max_examples=stories, stateful_step_count=steps, suppress_health_check=list(HealthCheck)),
    )
