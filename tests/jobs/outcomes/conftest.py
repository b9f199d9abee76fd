"""Submissions that really became unknown: the real gateway client, a simulator that misbehaves, and a clock to move."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Settings, Simulator
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import SubmissionState, Terms, WhenUnknown
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import TERMS, client_of, clock, desk, submission, taken

__all__ = ["clock", "desk"]

PHONES = ("6175550123", "6175550124", "6175550125", "6175550126")
RESEND = TERMS.model_copy(update={"when_unknown": WhenUnknown.RESEND})
TITLED = {"dialect": {"dates_layout": "titled"}}


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """A gateway that places a call each second of the clock, and posts nothing by itself."""
    with Simulator(Settings(calls_per_second=1), clock=clock) as running:
        running.change({"postbacks": {"on": False}})
        yield running


def lost(desk: Desk, simulator: Simulator, *phones: str, fault: Fault, terms: Terms = TERMS, key: str = "march") -> str:
    """The id of a campaign whose one submission ended as unknown."""
    campaign_id = taken(desk, *(phones or PHONES), terms=terms, key=key).campaign_id
    simulator.faults.arm(fault)
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    return campaign_id


def accepted_but_unknown(desk: Desk, simulator: Simulator, *phones: str, terms: Terms = TERMS, key: str = "m") -> str:
    return lost(desk, simulator, *phones, fault=Fault(kind=FaultKind.ACCEPT_THEN_RESET), terms=terms, key=key)


def never_accepted(desk: Desk, simulator: Simulator, *phones: str, terms: Terms = TERMS, key: str = "n") -> str:
    return lost(desk, simulator, *phones, fault=Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING), terms=terms, key=key)


def known_session(desk: Desk, key: str = "another", phone: str = "2125550199") -> str:
    """A campaign of the same day that the ledger knows to be accepted, which listings must show."""
    campaign_id = taken(desk, phone, key=key).campaign_id
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    return campaign_id


def by_hand(simulator: Simulator, *phones: str, title: str = "by hand") -> str:
    """A session that somebody began on the gateway's website; its id."""
    client = client_of(simulator.base_url)
    return client.submit(TERMS, list(phones), title=title, postback_url=None, start_at=None).session_id


def settle_for(desk: Desk, clock: Clock, campaign_id: str, *, during: timedelta = timedelta(hours=1)) -> list[Settled]:
    """What a worker does meanwhile: a look whenever one is due, until the time is over or nothing is due any more."""
    settled, submission_id, end_at = [], f"{campaign_id}-1", desk.clock() + during
    while desk.clock() < end_at and due.stands(desk.redis, Due.SETTLE, submission_id):
        if due.ring(desk.redis, Due.SETTLE, now=desk.clock(), most=9, again_after=timedelta(minutes=1)):
            settled.append(settle(desk, submission_id))
        clock.jump(timedelta(seconds=10))
    return settled


def until_planned(desk: Desk, clock: Clock, campaign_id: str) -> None:
    """Look on until the campaign's policy has planned it again."""
    while submission(desk, campaign_id).state is SubmissionState.UNKNOWN:
        assert settle_for(desk, clock, campaign_id, during=timedelta(minutes=1)) is not None
        assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")


def planned_again_while_unlisted(desk: Desk, simulator: Simulator, clock: Clock) -> str:
    """A campaign that says `resend`, taken by a gateway that lists it an hour late, and about to be sent again."""
    simulator.change(TITLED | {"listing_lag_s": 3600})
    known_session(desk)
    clock.jump(timedelta(hours=1))
    campaign_id = accepted_but_unknown(desk, simulator, terms=RESEND)
    until_planned(desk, clock, campaign_id)
    return campaign_id
