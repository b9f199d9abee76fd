"""Several that settle, hear and send at the same instant, on a real server: one wins, and the others find that."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from redis import Redis

from jobs.campaigns.adopt import adopt
from jobs.campaigns.desk import Desk
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import campaigns, evidence
from jobs.models import Attempt, Evidence, Finding, SubmissionState
from jobs.outcomes import ends
from jobs.outcomes.hear import hear
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import submission, view
from tests.jobs.outcomes.conftest import RESEND, TITLED, accepted_but_unknown, known_session, never_accepted
from tests.jobs.outcomes.test_hear import posted


@pytest.fixture
def at_server(desk: Desk, redis: Redis) -> Desk:
    return replace(desk, redis=redis)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(len(work))

    def begin(each: Callable[[], Any]) -> Any:
        barrier.wait()
        return each()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def test_settlers_and_postbacks_adopt_once(at_server: Desk, simulator: Simulator) -> None:
    simulator.change(TITLED)
    campaign_id = accepted_but_unknown(at_server, simulator)
    token, session_id = submission(at_server, campaign_id).attempt, simulator.truth.sessions[0].id
    settlers = [lambda: settle(at_server, f"{campaign_id}-1")] * 3
    heralds = [lambda: hear(at_server, token, posted(session_id))] * 3
    results = at_once(*settlers, *heralds)
    assert sum(str(each) == "adopted" for each in results) == 1
    known = submission(at_server, campaign_id)
    assert (known.state, known.session_id) == (SubmissionState.ACCEPTED, session_id)
    assert view(at_server, campaign_id).runs == {"going": 1}
    assert len([each for each in evidence.read(at_server.redis, known.id) if each.finding.names_it]) == 1


def test_one_session_is_adopted_by_one_of_two(at_server: Desk, simulator: Simulator) -> None:
    ids = [never_accepted(at_server, simulator, key=key) for key in ("a", "b")]

    def adopter(campaign_id: str) -> Callable[[], bool]:
        unknown, campaign = submission(at_server, campaign_id), campaigns.read(at_server.redis, campaign_id)
        assert campaign is not None
        assert unknown.sent_at is not None
        attempt = Attempt(unknown.attempt, unknown.sent_at)
        seen = Evidence(at_server.clock(), Finding.PHONES, "a race")
        return lambda: adopt(at_server.redis, at_server.timings, campaign, unknown, attempt, "5000000001", seen)

    assert sorted(at_once(*map(adopter, ids))) == [False, True]
    assert sorted(submission(at_server, each).state for each in ids) == ["accepted", "unknown"]


def test_two_that_see_it_absent_plan_it_again_once(at_server: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(at_server)
    campaign_id = never_accepted(at_server, simulator, terms=RESEND)
    for _ in range(2):
        clock.jump(timedelta(minutes=6))
        assert settle(at_server, f"{campaign_id}-1") is Settled.OPEN
    clock.jump(timedelta(minutes=6))
    results = at_once(*[lambda: settle(at_server, f"{campaign_id}-1")] * 4)
    assert results.count(Settled.RESENT) == 1
    assert submission(at_server, campaign_id).state is SubmissionState.PLANNED
    assert view(at_server, campaign_id).submissions == {SubmissionState.PLANNED: 1}


def test_what_somebody_has_just_planned_again_is_not_withdrawn_by_who_saw_it_unknown(
    desk: Desk, simulator: Simulator
) -> None:
    campaign_id = never_accepted(desk, simulator)
    seen, campaign = submission(desk, campaign_id), view(desk, campaign_id)
    decided = Evidence(desk.clock(), Finding.DECISION, "decided", by="dana", why="asked")
    assert ends.plan_again(desk.redis, desk.timings, campaign, seen, decided)
    assert not ends.withdraw(desk.redis, desk.timings, campaign, seen, decided)
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
