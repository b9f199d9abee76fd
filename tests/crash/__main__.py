"""`python -m tests.crash`: every step of every story times every trouble of the gateway, then cases at random.

At random several things befall one process: it freezes, others ask for something or send meanwhile, and it dies after.
"""

import logging
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Annotated

import structlog
import typer

from jobs.models import CampaignStatus, Intent
from tests.crash.cases import Event, Happening, asks_for, dies, every_step, freezes, play, sends
from tests.crash.faults import SOME, TROUBLES
from tests.crash.steps import Moment
from tests.crash.stories import STORIES, Story
from tests.servers import RedisServer

BEFALLS: tuple[Happening, ...] = (freezes, freezes, sends, *map(asks_for, Intent))
MOST_STEPS = 25


def main(
    rounds: Annotated[int, typer.Option(min=0, help="How many cases to draw.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed draws the same cases.")] = 0,
    *,
    exhaustive: Annotated[bool, typer.Option(help="Play every step times every trouble first.")] = True,
) -> None:
    """Play the cases and say how many there were; the first that breaks a promise ends it with an AssertionError."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.monotonic()
    with RedisServer() as server:
        found = play_all(server.url) if exhaustive else Counter[str]()
        for number in range(rounds):
            found[play_at_random(server.url, Random(f"{seed}/{number}"))] += 1
    for what, count in found.items():
        typer.echo(f"{count:>6}  {what}")
    took_s = time.monotonic() - began
    typer.echo(f"{found.total():>6}  cases in {took_s:.0f} s, seed {seed}: nothing accepted twice, nothing forgotten")


def play_all(url: str) -> Counter[str]:
    """Every step of every story: a death with each trouble, a freeze with the troubles that differ most."""
    found: Counter[str] = Counter()
    for story in STORIES:
        for trouble in TROUBLES:
            found[f"{story}: deaths"] += len(list(every_step(url, story, trouble, dies, Moment.BEFORE)))
        for trouble in SOME:
            found[f"{story}: freezes"] += len(list(every_step(url, story, trouble, freezes, *Moment)))
    return found


def play_at_random(url: str, random: Random) -> str:
    """One case in which several things happen; its sort."""
    story = _any_end(random.choice(STORIES))
    befalls = [random.choice(BEFALLS) for _ in range(random.randint(1, 3))]
    if random.random() < 1 / 2:
        # Not after a step: who is raced between its last look and its first byte, and then dies, leaves a session in
        # another run than the ledger has. Real processes need microseconds from the one to the other.
        events = [_event(random, each, Moment.BEFORE) for each in [*befalls, dies]]
    else:
        events = [_event(random, each, random.choice(list(Moment))) for each in befalls]
    try:
        play(url, story, random.choice(TROUBLES), *events)
    except AssertionError as broken:
        raise AssertionError(f"{broken} (found at random: {events})") from None
    return f"at random: {len(events)} events"


def _event(random: Random, happening: Happening, moment: Moment) -> Event:
    return Event(random.randrange(MOST_STEPS), moment, happening)


def _any_end(story: Story) -> Story:
    return replace(story, ends=set(CampaignStatus), within=timedelta(hours=1))


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
