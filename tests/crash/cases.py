"""One case: somebody is at a story, something happens at one step of it, the gateway goes wrong, and all recover."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from jobs.campaigns import send
from jobs.models import CampaignStatus, Intent
from tests import oracle
from tests.crash.faults import Trouble
from tests.crash.steps import Interruption, Killed, Life, Moment
from tests.crash.stories import Story, tell
from tests.crash.world import World

FROZEN = timedelta(minutes=5)

Happening = Callable[[World, Life], None]
"""What happens at a step."""


def nothing(world: World, life: Life) -> None:
    """All goes well with the process."""


def dies(world: World, life: Life) -> None:
    """The process is killed."""
    life.end()


def freezes(world: World, life: Life) -> None:
    """The process stands still for minutes, in which others do all that there is to do; then it goes on."""
    world.recover(within=FROZEN)


def sends(world: World, life: Life) -> None:
    """Another process sends the campaign's first submission, if it may."""
    if world.campaign_id:
        send.send(world.desk(), f"{world.campaign_id}-1")


def asks_for(intent: Intent) -> Happening:
    """Somebody else wants something of the campaign, and has it carried out at once."""

    def asks(world: World, life: Life) -> None:
        if world.campaign_id:
            tell(intent)(world, world.desk())

    asks.__name__ = f"asks_for_{intent}"
    return asks


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at a step, counted from 0."""

    at: int
    moment: Moment
    happening: Happening


def every_step(
    url: str,
    story: Story,
    trouble: Trouble,
    happening: Happening,
    *moments: Moment,
    only_after_a_call: bool = False,
) -> Iterator[str]:
    """Have it happen at each step of the story in turn, and judge what comes of it; the name of each step.

    With `only_after_a_call`, at those before which the gateway was asked something: at the others, whoever comes after
    meets its trouble.
    """
    steps = play(url, story, trouble)
    yield "none"
    calls = [at for at, name in enumerate(steps) if name.startswith("gateway")]
    first = (min(calls, default=len(steps)) + 1) if only_after_a_call else 0
    for moment in moments:
        for at in range(first, len(steps)):
            play(url, story, trouble, Event(at, moment, happening))
            yield f"{moment} {steps[at]}"


def play(url: str, story: Story, trouble: Trouble, *events: Event) -> list[str]:
    """One case, played and judged; the steps that its process took."""
    with World(url, read_s=trouble.read_s, within=story.within) as world:
        story.prepare(world)
        trouble.befall(world.simulator, story.asks or "any")
        life = Life()
        life.interruptions = [_interruption(each, world, life) for each in events]
        desk = world.desk(life)
        try:
            with suppress(Killed):
                story.act(world, desk)
            if story.repeats:
                story.act(world, world.desk())
            in_time = freezes not in {each.happening for each in events}
            judge(world, story, in_time=in_time, may_sweep=story.begins_forgotten or len(events) > 1)
        except AssertionError as found:
            told = " > ".join(life.steps)
            when = [f"{each.moment} {each.at} {each.happening.__name__}" for each in events]
            raise AssertionError(f"{story}: {told}; {when}, gateway {trouble.name}: {found}") from None
        return life.steps


def _interruption(event: Event, world: World, life: Life) -> Interruption:
    return Interruption(event.at, event.moment, lambda: event.happening(world, life))


def judge(world: World, story: Story, *, in_time: bool, may_sweep: bool) -> None:
    """All recover; then no promise is broken, nothing is left to be done, and it has come to a good end.

    Who was not `in_time` with what it wanted may have found the campaign finished. After one death all that is to be
    done stands in the due sets; only where several things befell one process, a sweep may be needed.
    """
    forgotten = world.recover()
    world.wait_for_gateway()
    assert may_sweep or not forgotten.count, f"a sweep was needed: {forgotten}"
    oracle.check(world.redis, world.simulator, world.judged_by)
    unfinished = oracle.unfinished(world.redis)
    assert not unfinished, f"it did not come to an end: {unfinished}"
    is_good = world.status in story.ends or (world.status is CampaignStatus.FINISHED and not in_time)
    assert is_good, f"it ended as {world.status}"
