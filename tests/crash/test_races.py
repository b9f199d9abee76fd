"""Whoever comes between any two steps of a sender: what was acknowledged holds, and nothing is accepted twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import combinations_with_replacement

import pytest
import structlog

from jobs.models import CampaignStatus, Intent
from tests.crash.cases import Event, asks_for, dies, every_step, play
from tests.crash.faults import SOME, WELL, Trouble
from tests.crash.races import RIVALS, Rival, race
from tests.crash.steps import Moment
from tests.crash.stories import STORIES, Story
from tests.servers import RedisServer


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.mark.parametrize("trouble", SOME[::2], ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("rival", RIVALS, ids=str)
def test_what_was_acknowledged_holds_at_every_step_of_a_sender(
    redis_server: RedisServer, rival: Rival, trouble: Trouble
) -> None:
    steps = race(redis_server.url, trouble, rival, -1, Moment.BEFORE)
    assert "gateway new_campaign" in steps
    for at in range(len(steps)):
        for moment in Moment:
            race(redis_server.url, trouble, rival, at, moment)


CONTROLS = [each for each in STORIES if each.name in {"stop", "pause", "resume"}]


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize("story", CONTROLS, ids=str)
def test_of_two_who_ask_at_once_one_wins_and_the_gateway_does_what_the_ledger_says(
    redis_server: RedisServer, story: Story, intent: Intent
) -> None:
    either = replace(story, ends=set(CampaignStatus), repeats=False, within=timedelta(minutes=2))
    assert len(list(every_step(redis_server.url, either, WELL, asks_for(intent), Moment.BEFORE))) > 10


@pytest.mark.parametrize(("name", "intent"), [("pause", Intent.RUN), ("resume", Intent.PAUSE)])
def test_who_is_overtaken_and_dies_leaves_what_was_wanted_last(
    redis_server: RedisServer, name: str, intent: Intent
) -> None:
    (story,) = (each for each in CONTROLS if each.name == name)
    either = replace(story, ends=set(CampaignStatus), repeats=False, within=timedelta(minutes=2))
    url, steps = redis_server.url, play(redis_server.url, either, WELL)
    told_at = steps.index("breaker enter")
    for at, death in combinations_with_replacement(range(told_at, len(steps)), 2):
        events = [Event(at, Moment.BEFORE, asks_for(intent)), Event(death, Moment.BEFORE, dies)]
        play(url, either, WELL, *events)
