"""What a system said of a campaign, judged by what the gateway really took. Pure; the only place that judges."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.faults.script import NOTHING, Trial


class Said(StrEnum):
    """What a system says of a campaign once it has come to rest."""

    ACCEPTED = "accepted"
    """Done: the gateway has it."""
    FAILED = "failed"
    """It failed, and stands where failures are looked for."""
    UNKNOWN = "unknown"
    """Nobody knows; it is held for a person, by name."""
    OPEN = "open"
    """Neither: queued, started or scheduled, and nobody works on it any more; or not known at all."""


class Verdict(StrEnum):
    """What became of a campaign. Each has exactly one."""

    TWICE = "twice"
    """Somebody was accepted more than once."""
    RIGHT = "right"
    """Accepted once, and said so."""
    FAILED = "failed"
    """Not accepted, and said so: someone can send it again, and is right to."""
    HELD = "held"
    """Held for a person, whatever the truth is."""
    WRONGLY_FAILED = "wrongly failed"
    """Accepted once, and said to have failed: whoever sends it again calls people twice."""
    WRONGLY_DONE = "wrongly done"
    """Said to be done, and never accepted."""
    LOST = "lost"
    """Never accepted, and nobody is told."""
    LEFT_OPEN = "left open"
    """Accepted once, and nobody is told."""


DUPLICATES = frozenset({Verdict.TWICE})
LOSSES = frozenset({Verdict.LOST, Verdict.WRONGLY_DONE})
FALSE_STATES = frozenset({Verdict.WRONGLY_FAILED, Verdict.WRONGLY_DONE})
"""A campaign that is said to be done and is not counts as a loss, too. One accepted twice is a duplicate, whatever is
said of it."""

_OF_ONE_CALL: Mapping[Said, Verdict] = {
    Said.ACCEPTED: Verdict.RIGHT,
    Said.FAILED: Verdict.WRONGLY_FAILED,
    Said.UNKNOWN: Verdict.HELD,
    Said.OPEN: Verdict.LEFT_OPEN,
}
_OF_NO_CALL: Mapping[Said, Verdict] = {
    Said.ACCEPTED: Verdict.WRONGLY_DONE,
    Said.FAILED: Verdict.FAILED,
    Said.UNKNOWN: Verdict.HELD,
    Said.OPEN: Verdict.LOST,
}


def judge(said: Said, times_accepted: Iterable[int]) -> Verdict:
    """The verdict on one campaign; `times_accepted` has a count for each of its phones.

    A campaign of which one phone was never accepted counts as not accepted.
    """
    times = list(times_accepted)
    if max(times) > 1:
        return Verdict.TWICE
    return (_OF_ONE_CALL if min(times) else _OF_NO_CALL)[said]


@dataclass(frozen=True, slots=True)
class Score:
    """What a system made of the whole script. Rates are per 1,000 faults."""

    faults: int
    verdicts: Mapping[str, Counter[Verdict]]
    """By the name of the mishap."""
    held_and_taken: int
    """Of the campaigns held for a person, those that the gateway had taken."""

    def count(self, verdicts: Iterable[Verdict]) -> int:
        """How many campaigns came to one of these ends."""
        total = self.total
        return sum(total[verdict] for verdict in verdicts)

    def rate(self, verdicts: Iterable[Verdict]) -> float:
        """The same per 1,000 faults."""
        return 1000 * self.count(verdicts) / max(1, self.faults)

    @property
    def total(self) -> Counter[Verdict]:
        """Over all mishaps."""
        return sum(self.verdicts.values(), Counter())


def score(script: Iterable[Trial], said: Mapping[str, Said], accepted: Mapping[str, int]) -> Score:
    """Judge a run: what the system said of each key, and how often the gateway accepted each phone."""
    verdicts: dict[str, Counter[Verdict]] = {}
    faults = held_and_taken = 0
    for trial in script:
        times = [accepted.get(phone, 0) for phone in trial.phones]
        verdict = judge(said.get(trial.key, Said.OPEN), times)
        verdicts.setdefault(trial.mishap.name, Counter())[verdict] += 1
        faults += trial.mishap is not NOTHING
        held_and_taken += verdict is Verdict.HELD and min(times) > 0
    return Score(faults, verdicts, held_and_taken)
