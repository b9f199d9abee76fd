"""A ledger that goes back to an old copy of itself after the gateway took a submission: what is known is used."""

from collections.abc import Mapping
from datetime import timedelta

from redis import Redis

from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import amnesia, evidence
from jobs.ledger.fields import text
from jobs.models import SubmissionState
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import submission, taken
from tests.jobs.outcomes.conftest import (
    PHONES,
    planned_again_while_unlisted,
)
from tests.jobs.outcomes.test_late_answers import late


def copy_of(redis: Redis) -> Mapping[str, bytes]:
    return {text(name): redis.dump(name) or b"" for name in redis.scan_iter()}


def go_back(redis: Redis, copy: Mapping[str, bytes]) -> None:
    redis.flushall()
    for name, value in copy.items():
        redis.restore(name, 0, value)


def believe(desk: Desk) -> None:
    """A person says go, without having looked."""
    amnesia.look(desk.redis, now=desk.clock())
    assert amnesia.forgive(desk.redis, why="hurry", now=desk.clock(), after_data_loss=True)


def test_an_adoption_that_kept_it_from_being_sent_again_is_not_forgotten_unnoticed(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = planned_again_while_unlisted(desk, simulator, clock)
    copy = copy_of(desk.redis)
    clock.jump(timedelta(hours=1))
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    go_back(desk.redis, copy)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert amnesia.look(desk.redis, now=desk.clock()) is not None
    assert simulator.truth.accepted_more_than_once() == {}


def test_an_answer_to_what_is_forgotten_is_adopted_and_nothing_is_sent_again(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, *PHONES).campaign_id
    copy = copy_of(desk.redis)
    assert send(late(desk, lambda: go_back(desk.redis, copy)), f"{campaign_id}-1") is Sent.ACCEPTED
    adopted = submission(desk, campaign_id)
    assert (adopted.state, adopted.session_id) == (SubmissionState.ACCEPTED, simulator.truth.sessions[-1].id)
    assert adopted.former == ()
    believe(desk)
    assert send(desk, adopted.id) is Sent.PASSED_OVER
    assert simulator.truth.accepted_more_than_once() == {}


def test_an_answer_to_what_is_forgotten_and_was_sent_again_names_a_stray(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, *PHONES).campaign_id
    copy = copy_of(desk.redis)

    def forget_and_send_again() -> None:
        go_back(desk.redis, copy)
        believe(desk)
        assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED

    assert send(late(desk, forget_and_send_again), f"{campaign_id}-1") is Sent.PASSED_OVER
    first, second = simulator.truth.sessions
    assert list(evidence.strays(desk.redis, campaign_id)) == [first.id]
    assert submission(desk, campaign_id).session_id == second.id
