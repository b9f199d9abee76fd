"""Whoever dies or freezes at any step, whatever the gateway does: nothing is accepted twice, nothing is forgotten.

`python -m tests.crash` has every step times every trouble; here are those that differ most.
"""

from collections.abc import Iterator

import pytest
import structlog

from tests.crash.cases import dies, every_step, freezes
from tests.crash.faults import SOME, TROUBLES, WELL, Trouble
from tests.crash.steps import Moment
from tests.crash.stories import STORIES, Story
from tests.servers import RedisServer

THOROUGHLY = {"send", "stop", "settle"}
"""A submission, a verb and a question: what goes wrong with the calls of the others goes wrong with one of these."""

CALLS_THAT_GO_WRONG = [
    pytest.param(story, trouble, id=f"{story}-{trouble.name}")
    for story in STORIES
    for trouble in (TROUBLES if story.name in THOROUGHLY else SOME)
    if story.asks and trouble is not WELL
]

named = pytest.mark.parametrize("story", STORIES, ids=str)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Hundreds of lives a test would log as much as a day of work."""
    with structlog.testing.capture_logs():
        yield


@named
def test_a_death_at_any_step_breaks_no_promise(redis_server: RedisServer, story: Story) -> None:
    assert len(list(every_step(redis_server.url, story, WELL, dies, Moment.BEFORE))) > 3


@pytest.mark.parametrize(("story", "trouble"), CALLS_THAT_GO_WRONG)
def test_a_death_after_a_call_that_went_wrong_breaks_none_either(
    redis_server: RedisServer, story: Story, trouble: Trouble
) -> None:
    deaths = every_step(redis_server.url, story, trouble, dies, Moment.BEFORE, only_after_a_call=True)
    assert len(list(deaths)) > 1


@named
def test_who_was_frozen_at_any_step_and_wakes_up_does_no_harm(redis_server: RedisServer, story: Story) -> None:
    assert len(list(every_step(redis_server.url, story, WELL, freezes, *Moment))) > 3
