"""The script of a run: which campaigns are handed in, and what befalls the first attempts to send each."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs.gateway.simulator import Fault, FaultKind

TIMEOUT_S = 2.0
"""How long every system waits for the gateway's answer."""
PHONES_PER_CAMPAIGN = 3
STRIKES_TWICE = 5
"""Every fifth fault of the gateway also befalls the second attempt: such faults come in spells."""


class Incident(StrEnum):
    """What happens to the machine at the moment the fault strikes."""

    KILL_WORKERS = "kill_workers"
    """SIGKILL to every worker process at once, as when a machine loses its power; then they are started again."""
    RESTART_REDIS = "restart_redis"
    """SIGKILL to the Redis server, which writes an append-only file; a second later it is back with its data."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """One way for a campaign to go wrong. `share` is per mille of the campaigns; an incident's is kept small, because
    it also befalls whatever else is on its way at that moment.
    """

    name: str
    share: int
    kind: FaultKind | None = None
    seconds: float = 0
    incident: Incident | None = None

    @property
    def comes_in_spells(self) -> bool:
        """Whether the next attempt may meet it again."""
        return self.kind is not None and not self.seconds and self.incident is None


NOTHING = Mishap("nothing", 656)
MISHAPS = (
    NOTHING,
    Mishap("slow, but in time", 36, FaultKind.SLOW, seconds=0.7),
    Mishap("taken, then silence", 25, FaultKind.ACCEPT_THEN_NEVER_ANSWER),
    Mishap("taken, then a reset", 25, FaultKind.ACCEPT_THEN_RESET),
    Mishap("taken, then a 502", 25, FaultKind.ANSWER_502_AFTER_ACCEPTING),
    Mishap("taken, half an answer", 25, FaultKind.HALF_BODY),
    Mishap("taken, then HTML", 25, FaultKind.HTML),
    Mishap("taken after the timeout", 25, FaultKind.ACCEPT_LATE, seconds=TIMEOUT_S + 0.5),
    Mishap("taken, then down for 2 s", 2, FaultKind.DOWN_AFTER_ACCEPTING, seconds=2),
    Mishap("not taken, silence", 37, FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING),
    Mishap("not taken, a reset", 38, FaultKind.RESET_BEFORE_ACCEPTING),
    Mishap("not taken, a 502", 37, FaultKind.ANSWER_502_BEFORE_ACCEPTING),
    Mishap("not taken, HTML", 37, FaultKind.HTML_BEFORE_ACCEPTING),
    Mishap("not taken, down for 2 s", 2, FaultKind.DOWN_BEFORE_ACCEPTING, seconds=2),
    Mishap("taken, workers killed", 2, FaultKind.SLOW, seconds=TIMEOUT_S - 0.5, incident=Incident.KILL_WORKERS),
    Mishap("not taken, workers killed", 2, FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING, incident=Incident.KILL_WORKERS),
    Mishap("taken, Redis restarted", 1, FaultKind.SLOW, seconds=TIMEOUT_S - 0.5, incident=Incident.RESTART_REDIS),
)
"""About as many are taken before it goes wrong as are not, so that neither sending again nor giving up is favoured.
Two thirds go well, so that a system which gives a broken gateway a rest (Dropline does) comes to an end at all."""

IN_A_MINUTE = tuple(mishap for mishap in MISHAPS if mishap.name != "not taken, workers killed")
"""Less one of the two kills: from each it takes half a minute to recover."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One campaign: its business key, which is also its title at the gateway, its phones, and what befalls it."""

    key: str
    phones: tuple[str, ...]
    mishap: Mishap
    strikes: int = 1
    """How many attempts it befalls."""

    @property
    def fault(self) -> Fault | None:
        """As the simulator takes it: chosen by title, so that the order in which a system sends does not matter."""
        if self.mishap.kind is None:
            return None
        return Fault(kind=self.mishap.kind, title=self.key, times=self.strikes, seconds=self.mishap.seconds)


def draw_script(campaigns: int, *, seed: int, mishaps: Sequence[Mishap] = MISHAPS) -> list[Trial]:
    """The same trials for the same seed. Each mishap has its share of the campaigns, and at least one while there is
    room, in the order of the table.

    Incidents come in the first half, so that every system has the time to recover from them.
    """
    rng = random.Random(seed)
    drawn = list(_in_their_shares(mishaps, campaigns))
    rng.shuffle(drawn)
    _bring_incidents_forward(drawn, rng)
    return [
        Trial(f"trial-{number:04}", _phones(number), mishap, _strikes(mishap, rng))
        for number, mishap in enumerate(drawn)
    ]


def _in_their_shares(mishaps: Sequence[Mishap], campaigns: int) -> Iterator[Mishap]:
    """What is left over when shares are rounded goes to the campaigns that nothing befalls."""
    left = campaigns
    for mishap in mishaps:
        count = 0 if mishap is NOTHING else min(left, max(1, mishap.share * campaigns // 1000))
        yield from [mishap] * count
        left -= count
    yield from [NOTHING] * left


def _bring_incidents_forward(mishaps: list[Mishap], rng: random.Random) -> None:
    """Swap each incident of the second half with something else of the first."""
    half = len(mishaps) // 2
    late = [place for place in range(half, len(mishaps)) if mishaps[place].incident]
    early = [place for place in range(half) if not mishaps[place].incident]
    for place, other in zip(late, rng.sample(early, len(late)), strict=True):
        mishaps[place], mishaps[other] = mishaps[other], mishaps[place]


def _strikes(mishap: Mishap, rng: random.Random) -> int:
    return 2 if mishap.comes_in_spells and rng.randrange(STRIKES_TWICE) == 0 else 1


def _phones(number: int) -> tuple[str, ...]:
    """Fictitious, and nobody else's in the same run."""
    first = number * PHONES_PER_CAMPAIGN
    return tuple(f"{212 + each // 8_000}555{2000 + each % 8_000}" for each in range(first, first + PHONES_PER_CAMPAIGN))
