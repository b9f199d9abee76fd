"""A week of three schedulers under random kills and freezes, with a stop and a clock that is set, and a judge of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from random import Random

from structlog.testing import capture_logs

from jobs.ledger import ticks
from jobs.ringing.errands import errand_id
from scheduler.agenda import Daily, Entry, Missed
from tests.scheduler.world import HOUR, MINUTE, World

DAY = timedelta(days=1)
STOP = timedelta(hours=26)
NO_SLOT = datetime.min.replace(tzinfo=UTC)


class Season(Enum):
    """A week by the Thursday noon on which it begins: its Saturday night is one in which Eastern clocks are changed."""

    SPRING = datetime(2026, 3, 5, 17, tzinfo=UTC)
    AUTUMN = datetime(2026, 10, 29, 16, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in a week, and every broken rule in words; none is how it should be."""

    figures: Counter[str]
    broken: tuple[str, ...]


def live_a_week(season: Season, seed: int) -> Week:
    """Three schedulers, killed and frozen at random. At instants drawn with the seed nobody runs for 26 hours, the
    clock is an hour ahead, and the clock is an hour behind; at the end there is time to come to rest.
    """
    world = World(seed, now=season.value)
    ends_at = season.value + 7 * DAY
    with capture_logs() as logs:
        repeated = [each for at, happens in _events(world, season.value) for each in _until(world, at, happens)]
        world.live(ends_at)
        _come_to_rest(world)
    figures = Counter(world.befell)
    figures["took over"] = len([line for line in logs if line["event"] == "scheduler_leads"]) - 1
    figures["run late"] = len([line for line in logs if line["event"] == "tick_late"])
    figures["told as missed"] = sum(line["missed"] for line in logs if line["event"] == "ticks_missed")
    figures["run"] = sum(world.ran.values()) + sum(len(world.jobs(name)) for name in world.errands)
    figures["due"] = sum(len(_due(entry, season.value, world.now)) for entry in _judged(world))
    broken = [what for entry in _judged(world) for what in _broken(world, entry, season.value, repeated)]
    return Week(figures, tuple(broken))


Happens = Callable[[World], list[tuple[datetime, datetime]]]
"""Lets something happen; answers the stretches of time that are lived a second time for it."""


def _events(world: World, starts_at: datetime) -> list[tuple[datetime, Happens]]:
    random = Random(world.seed)
    happenings: tuple[Happens, ...] = (_stop, _ahead, _behind)
    return sorted(((starts_at + random.uniform(0.5, 5.5) * DAY, each) for each in happenings), key=lambda each: each[0])


def _until(world: World, at: datetime, happens: Happens) -> list[tuple[datetime, datetime]]:
    world.live(at)
    return happens(world)


def _stop(world: World) -> list[tuple[datetime, datetime]]:
    world.befell["stops of 26 h"] += 1
    world.now += STOP
    return []


def _ahead(world: World) -> list[tuple[datetime, datetime]]:
    world.befell["clock set ahead"] += 1
    world.now += HOUR
    return []


def _behind(world: World) -> list[tuple[datetime, datetime]]:
    world.befell["clock set back"] += 1
    world.now -= HOUR
    return [(world.now, world.now + HOUR)]


def _come_to_rest(world: World) -> None:
    """Nothing befalls anybody any more, and whoever was killed is back."""
    world.fates = False
    for _ in range(80):
        world.now += 2 * MINUTE
        world.everyone_attends()


def _judged(world: World) -> list[Entry]:
    """All but the one that carries the errands out."""
    return [entry for entry in world.timetable if entry.name != "errands"]


def _due(entry: Entry, starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every slot from the one before the beginning on: where nothing ever ran, the newest is run."""
    slots = [entry.when.newest(starts_at)]
    while (following := entry.when.after(slots[-1])) <= ends_at:
        slots.append(following)
    return slots


def _broken(
    world: World, entry: Entry, starts_at: datetime, repeated: list[tuple[datetime, datetime]]
) -> Iterator[str]:
    due = _due(entry, starts_at, world.now)
    runs = _runs(world, entry, due)
    for slot, times in runs.items():
        passes = 1 + sum(begin - HOUR < slot <= end for begin, end in repeated)
        most = 1 if isinstance(entry.when, Daily) else passes
        if times > most or slot not in due:
            yield f"{entry.name} of {slot} was run {times} times"
    if ticks.last(world.redis, entry.name) != due[-1]:
        yield f"the last slot of {entry.name} was not seen to"
    if entry.missed is Missed.SKIP and world.latest[entry.name] > entry.grace:
        yield f"{entry.name} was run {world.latest[entry.name]} late"
    # What a stop of 26 hours can hide of a day that is run `once` is one. A tick may be lost: its process was killed.
    missing = [slot for slot in due if slot not in runs]
    if isinstance(entry.when, Daily) and len(missing) > (entry.missed is Missed.ONCE):
        yield f"{entry.name} was not run for {', '.join(map(str, missing))}"


def _runs(world: World, entry: Entry, due: list[datetime]) -> Counter[datetime]:
    """How often each slot of an entry was run, or its job enqueued."""
    if entry.tick:
        return Counter({slot: times for (name, slot), times in world.ran.items() if name == entry.name})
    slots = {errand_id(entry.name, slot): slot for slot in due}
    return Counter(slots.get(job_id, NO_SLOT) for job_id in world.jobs(entry.name))
