"""What a round does, drawn from its seed: under which conditions, who hands in what, what befalls whom. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from config.queues import CAMPAIGNS, CONTROL, STATUS
from jobs.gateway.simulator import Fault as GatewayFault
from jobs.gateway.simulator import FaultKind as GatewayFaultKind
from jobs.models import WhenUnknown
from tests.fault_proxy import FaultKind, Storm

CREWS = 2
"""Supervisors with their workers, as on two machines: each doubles the other."""
LEASE_S = 15
"""How long a claim is good; who is frozen for longer has lost it."""
DEADLINE_S = 2.0
"""How long a worker waits for the gateway's answer."""


class Ground(StrEnum):
    """What a round attacks above all; the gateway fails by chance in all of them."""

    WORKERS = "workers"
    REDIS = "redis"
    REDIS_LINK = "the way to redis"
    GATEWAY_LINK = "the way to the gateway"
    DASHBOARD = "dashboard"
    RESENDING = "what is sent again"
    """Many answers are lost, some of their sessions are listed so late that they are taken for absent, and campaigns
    have sent again what is."""
    EVERYTHING = "everything"


class Blow(StrEnum):
    """What is done to a process."""

    KILL_WORKER = "worker killed"
    KILL_SUPERVISOR = "supervisor killed"
    """Its workers are orphans, and work on beside those of its successor until they notice."""
    KILL_MACHINE = "supervisor killed with all its workers"
    KILL_SCHEDULER = "scheduler killed"
    KILL_WEB = "web process killed"
    KILL_REDIS = "Redis server killed"
    FREEZE_WORKER = "worker frozen for longer than its claim is good"
    FREEZE_MACHINE = "supervisor frozen with all its workers"
    FREEZE_REDIS = "Redis server frozen"

    @property
    def is_kill(self) -> bool:
        """Whether a process is ended by SIGKILL."""
        return self.name.startswith("KILL_")


class Way(StrEnum):
    """How a campaign is handed in."""

    PRODUCER = "producer"
    TWICE = "twice"
    """By two producers at the same time."""
    RAW = "raw"
    """As an RQ job, by a system that knows nothing of ours."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow, `at_s` after the round began. `crew` and `queue` say
    who is hit, `lasts_s` how long a freeze is or a server is away. With `delay_s` it waits for the next submission to
    arrive at the gateway, and then for so long.
    """

    at_s: float
    blow: Blow
    crew: int
    queue: str
    lasts_s: float = 0
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One campaign: its key, which is also its title at the gateway, and what its producer asks for afterwards, each
    verb with the seconds that pass before it. A pause is never the last word.
    """

    at_s: float
    key: str
    phone_count: int
    way: Way
    verbs: tuple[tuple[float, str], ...] = ()
    when_unknown: WhenUnknown = WhenUnknown.HOLD


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for a whole round, whatever befalls it. All seconds are real but the switches' own."""

    speed: float = 50
    """Simulated seconds of the gateway per real second."""
    calls_per_second: float = 40
    """Simulated. 12,000 phones are called in six real seconds, so that there is something to pause."""
    workers: Mapping[str, str] = field(default_factory=dict)
    """Settings of workers and schedulers, beyond those of every round."""
    gateway: Mapping[str, Any] = field(default_factory=dict)
    """Switches of the simulator."""
    postbacks: Mapping[str, Any] = field(
        default_factory=lambda: {"attempts": 0, "backoff_s": 0.2, "duplicated": 0.1, "reordered": 0.2}
    )
    """Each is posted until it is answered `OK`, whoever is killed meanwhile."""
    lost: float = 0.025
    """The chance of each fault that befalls submissions."""
    unlisted: float = 0
    """The same, of those after which a session is listed for `unlisted_s` later than it should be."""
    unlisted_s: float = 0
    resending: float = 0
    """The share of campaigns that have sent again what is absent."""
    takes_s: float = 150
    """How long a round usually takes: three quarters of a minute of siege, and the rest to come to rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A round."""

    seed: int
    ground: Ground
    conditions: Conditions
    siege_s: float
    orders: Sequence[Order]
    strikes: Sequence[Strike]
    gateway_faults: Sequence[GatewayFault]
    redis_storm: Storm | None = None
    gateway_storm: Storm | None = None
    presses_buttons: bool = False


_FREEZES = {Blow.FREEZE_WORKER: 2, Blow.FREEZE_MACHINE: 1}
_KILLS = {Blow.KILL_WORKER: 8, Blow.KILL_SUPERVISOR: 1, Blow.KILL_MACHINE: 2, Blow.KILL_SCHEDULER: 1, Blow.KILL_WEB: 1}
_BLOWS = {
    Ground.WORKERS: _KILLS | _FREEZES,
    Ground.REDIS: {Blow.KILL_REDIS: 3, Blow.KILL_WORKER: 4, Blow.KILL_MACHINE: 1, Blow.FREEZE_REDIS: 1},
    Ground.REDIS_LINK: _KILLS,
    Ground.GATEWAY_LINK: _KILLS,
    Ground.DASHBOARD: _KILLS,
    Ground.RESENDING: _KILLS | _FREEZES,
    Ground.EVERYTHING: _KILLS | _FREEZES | {Blow.KILL_REDIS: 2, Blow.FREEZE_REDIS: 1},
}
"""How often each comes, in proportion."""

_GATEWAY_FAULTS = (
    GatewayFaultKind.ACCEPT_THEN_RESET,
    GatewayFaultKind.ACCEPT_THEN_NEVER_ANSWER,
    GatewayFaultKind.ACCEPT_LATE,
    GatewayFaultKind.ANSWER_502_AFTER_ACCEPTING,
    GatewayFaultKind.HALF_BODY,
    GatewayFaultKind.HTML,
    GatewayFaultKind.RESET_BEFORE_ACCEPTING,
    GatewayFaultKind.NEVER_ANSWER_BEFORE_ACCEPTING,
    GatewayFaultKind.ANSWER_502_BEFORE_ACCEPTING,
)

_CONDITIONS = {
    Ground.RESENDING: Conditions(
        workers={"ABSENT_AFTER_S": "15"},  # the third look, after a minute, takes it for absent
        gateway={"dialect": {"dates_layout": "titled"}},
        postbacks={"on": False},  # the first one would tell what is not listed yet
        unlisted=0.025,
        unlisted_s=75,
        resending=0.8,
        takes_s=210,
    )
}

_LINK_FAULTS = (*Storm(0, 0).kinds, FaultKind.HALF_OPEN)


def draw(seed: int, *, ground: Ground | None = None, siege_s: float = 45, apart_s: float = 1.5) -> Plan:
    """The round of a seed; unless stated, its ground follows from the seed, too.

    About `apart_s` lies between two blows: sooner, they would find workers that have not come up yet.
    """
    rng = Random(seed)
    ground = ground or list(Ground)[seed % len(Ground)]
    conditions = _CONDITIONS.get(ground, Conditions())
    return Plan(
        seed=seed,
        ground=ground,
        conditions=conditions,
        siege_s=siege_s,
        orders=list(_orders(rng, ground, siege_s, conditions.resending)),
        strikes=list(_strikes(rng, ground, siege_s, apart_s)),
        gateway_faults=_gateway_faults(conditions),
        redis_storm=_storm(seed, 0.01) if ground in {Ground.REDIS_LINK, Ground.EVERYTHING} else None,
        gateway_storm=_storm(seed, 0.15) if ground in {Ground.GATEWAY_LINK, Ground.EVERYTHING} else None,
        presses_buttons=ground in {Ground.DASHBOARD, Ground.EVERYTHING},
    )


def _orders(rng: Random, ground: Ground, siege_s: float, resending: float) -> Iterator[Order]:
    """About three campaigns in two seconds, most of them small."""
    ways = [Way.PRODUCER] * 6 + [Way.TWICE] * 2
    at_s, number = 0.0, 0
    while at_s < siege_s:
        number += 1
        # What another system has put into RQ and nobody has taken yet is the campaign: a button would delete it. And
        # RQ takes a minute and more to find what a killed worker had, so that it must not come last.
        may_be_raw = ground in {Ground.WORKERS, Ground.REDIS} and at_s < siege_s / 3
        way = rng.choice([*ways, Way.RAW, Way.RAW] if may_be_raw else ways)
        phone_count = rng.choices([rng.randint(1, 5), rng.randint(200, 800), 12_000], [30, 8, 2])[0]
        verbs = () if way is Way.RAW else _verbs(rng)
        policy = WhenUnknown.RESEND if resending and rng.random() < resending else WhenUnknown.HOLD
        yield Order(at_s, f"{ground.name.lower()}-{number:03}", phone_count, way, verbs, policy)
        at_s += rng.expovariate(1.5)


def _verbs(rng: Random) -> tuple[tuple[float, str], ...]:
    def after(verb: str) -> tuple[float, str]:
        return rng.choice([rng.uniform(0, 0.3), rng.uniform(0, 5)]), verb

    stories = [[], ["pause", "resume"], ["stop"], ["cancel"], ["pause", "stop"], ["pause", "resume", "pause", "resume"]]
    return tuple(after(verb) for verb in rng.choices(stories, [10, 4, 2, 2, 1, 1])[0])


def _strikes(rng: Random, ground: Ground, siege_s: float, apart_s: float) -> Iterator[Strike]:
    """Three of four wait for a submission to be on its way."""
    at_s = 4.0  # the first workers have come up
    while at_s < siege_s:
        blow = rng.choices(list(_BLOWS[ground]), list(_BLOWS[ground].values()))[0]
        delay_s = rng.uniform(0, 0.3) if rng.random() < 0.75 else None
        queue = rng.choices([CAMPAIGNS.name, CONTROL.name, STATUS.name], [4, 1, 1])[0]
        yield Strike(at_s, blow, rng.randrange(CREWS), queue, _lasts_s(rng, blow), delay_s)
        at_s += rng.uniform(0.5, 1.5) * apart_s


def _lasts_s(rng: Random, blow: Blow) -> float:
    match blow:
        case Blow.FREEZE_WORKER | Blow.FREEZE_MACHINE:
            return LEASE_S + rng.uniform(0.5, 3)
        case Blow.FREEZE_REDIS:
            return rng.uniform(1, 4)
        case _:
            return rng.uniform(0, 1.5)


def _gateway_faults(conditions: Conditions) -> list[GatewayFault]:
    """Of each for ever, by the chance of each. Slowness comes often, so that kills find something on its way."""

    def fault(
        kind: GatewayFaultKind, chance: float, on: str, seconds: float = DEADLINE_S + 0.7, unlisted_s: float = 0
    ) -> GatewayFault:
        return GatewayFault.model_validate(
            {"kind": kind, "times": 0, "chance": chance, "on": on, "seconds": seconds, "unlisted_s": unlisted_s},
        )

    submissions = [fault(kind, conditions.lost, "submission") for kind in _GATEWAY_FAULTS]
    unlisted_s = conditions.unlisted_s * conditions.speed
    submissions += [
        fault(kind, conditions.unlisted, "submission", unlisted_s=unlisted_s)
        for kind in _GATEWAY_FAULTS
        if conditions.unlisted
    ]
    controls = [fault(kind, 0.03, "control") for kind in _GATEWAY_FAULTS if kind is not GatewayFaultKind.ACCEPT_LATE]
    questions = [fault(GatewayFaultKind.HALF_BODY, 0.03, "question"), fault(GatewayFaultKind.HTML, 0.03, "question")]
    slowness = [fault(GatewayFaultKind.SLOW, 0.4, "submission", seconds=0.6)]
    return [*submissions, *controls, *questions, *slowness]


def _storm(seed: int, rate: float) -> Storm:
    """Delays beyond every deadline, and a byte a second, among them."""
    return Storm(seed, rate, kinds=_LINK_FAULTS, longest_delay_s=DEADLINE_S + 1, longest_drip_s=1)
