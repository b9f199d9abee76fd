"""Several accounts at one gateway: nothing of one reaches another, and an unknown one harms nobody else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from jobs.campaigns import do_not_dial
from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.do_not_dial import Synced
from jobs.campaigns.refresh import Refreshed, refresh
from jobs.campaigns.send import Sent, send
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Account, Clock, Settings, Simulator
from jobs.ledger import do_not_dial as lists
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ledger.limits import Limits
from jobs.models import CampaignStatus, DropState, Intent, Run, SubmissionState, Terms
from tests.jobs.campaigns.conftest import TERMS, submission, take_a_slot, taken, view
from tests.jobs.campaigns.test_do_not_dial import ANNA, BOB, add, assert_it_adds_up
from tests.servers import RedisServer

WEST = TERMS.model_copy(update={"account": "west"})
NORTH = TERMS.model_copy(update={"account": "north"})


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """A gateway with two customers: each has a password, and a recording that the other one does not have."""
    accounts = {
        "east@example.com": Account.model_validate({"password": "east-password"}),
        "west@example.com": Account.model_validate(
            {"password": "west-password", "recordings": [{"title": "West", "file": "r1.wav"}]}
        ),
    }
    switches = Settings(accounts=accounts, calls_per_second=1, failure_share=0, postbacks={"on": False})
    with Simulator(switches, clock=clock) as running:
        yield running


@pytest.fixture
def env(redis_server: RedisServer, simulator: Simulator) -> dict[str, str]:
    """A worker's environment with both accounts."""
    return {
        "REDIS_URL": redis_server.url,
        "GATEWAY_URL": simulator.base_url,
        "GATEWAY_UID": "east@example.com",
        "GATEWAY_PASSWORD": "east-password",
        "GATEWAY_ACCOUNTS": json.dumps({"west": {"uid": "west@example.com", "password": "west-password"}}),
    }


@pytest.fixture
def desk(env: dict[str, str], redis: Redis, clock: Clock) -> Iterator[Desk]:
    with_settings = open_desk(env)
    yield replace(with_settings, clock=clock.now)
    with_settings.redis.close()


def sent(desk: Desk, *phones: str, terms: Terms, key: str) -> str:
    campaign_id = taken(desk, *phones, terms=terms, key=key).campaign_id
    send(desk, f"{campaign_id}-1")
    return campaign_id


def test_each_campaign_goes_through_its_own_account(desk: Desk, simulator: Simulator) -> None:
    west_terms = WEST.model_copy(update={"audio_title": "West"})
    east, west = sent(desk, ANNA, terms=TERMS, key="east"), sent(desk, BOB, terms=west_terms, key="west")
    by_account = {session.account: session.phones for session in simulator.truth.sessions}
    assert by_account == {"east@example.com": (ANNA,), "west@example.com": (BOB,)}
    for campaign_id in (east, west):
        request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
        control(desk, campaign_id)
        assert submission(desk, campaign_id).run is Run.ENDED


def test_what_one_account_has_the_other_has_not(desk: Desk) -> None:
    campaign_id = sent(desk, ANNA, terms=WEST, key="west")
    assert submission(desk, campaign_id).state is SubmissionState.REJECTED
    assert "not found" in submission(desk, campaign_id).reason


def test_a_number_on_one_account_s_list_is_called_by_the_other(desk: Desk, simulator: Simulator) -> None:
    west_terms = WEST.model_copy(update={"audio_title": "West"})
    east, west = (taken(desk, ANNA, BOB, terms=terms, key=terms.account).campaign_id for terms in (TERMS, west_terms))
    add(desk, ANNA, account="west")
    assert [send(desk, f"{each}-1") for each in (east, west)] == [Sent.ACCEPTED, Sent.ACCEPTED]
    by_account = {session.account: set(session.phones) for session in simulator.truth.sessions}
    assert by_account == {"east@example.com": {ANNA, BOB}, "west@example.com": {BOB}}
    assert view(desk, west).drops == {DropState.SCREENED: 1}
    assert view(desk, east).drops == {}
    assert_it_adds_up(desk, west)


def test_each_gateway_list_gets_its_own_numbers_only(desk: Desk, simulator: Simulator) -> None:
    add(desk, ANNA)
    add(desk, BOB, account="west")
    for account in lists.accounts(desk.redis):
        while do_not_dial.sync(desk, account) is Synced.MORE:
            pass
    assert simulator.gateway.do_not_dial == {"east@example.com": {ANNA}, "west@example.com": {BOB}}


def test_limits_are_those_of_the_account_or_else_the_general_ones(env: dict[str, str]) -> None:
    accounts = {"west": {"uid": "w", "password": "p", "calls_per_s": 0.5}, "south": {"uid": "s", "password": "p"}}
    general = {"GATEWAY_CALLS_PER_S": "20", "GATEWAY_PHONES_PER_MIN": "6000"}
    limited = open_desk({**env, **general, "GATEWAY_ACCOUNTS": json.dumps(accounts)})
    assert limited.limits_of("west") == Limits(0.5, 6000)
    assert limited.limits_of("south") == limited.limits_of("default") == Limits(20, 6000)
    limited.redis.close()


def test_the_calls_of_one_account_take_no_slot_of_the_other(desk: Desk, clock: Clock) -> None:
    stated = {"west": Limits(calls_per_s=0.01), "default": Limits(calls_per_s=0.01)}
    limited = replace(desk, own_limits=stated)
    west_terms = WEST.model_copy(update={"audio_title": "West"})
    keys = {terms.account: taken(desk, ANNA, terms=terms, key=terms.account) for terms in (TERMS, west_terms)}
    again = taken(desk, ANNA, terms=TERMS, key="again")
    assert send(limited, f"{keys['default'].campaign_id}-1") is Sent.ACCEPTED
    take_a_slot(limited)
    assert send(limited, f"{again.campaign_id}-1") is Sent.LATER
    assert send(limited, f"{keys['west'].campaign_id}-1") is Sent.ACCEPTED


# An account that nobody knows


def test_a_campaign_for_an_unknown_account_waits_and_says_why(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = taken(desk, ANNA, terms=NORTH).campaign_id
    assert send(desk, f"{campaign_id}-1") is Sent.LATER
    known = submission(desk, campaign_id)
    assert known.state is SubmissionState.PLANNED
    assert known.reason == "no gateway account is named 'north'; there is: default, west"
    assert view(desk, campaign_id).status is CampaignStatus.WAITING
    later = desk.clock() + desk.timings.account_again
    assert due.count(desk.redis, Due.SEND, by=later - timedelta(seconds=1)) == 0
    assert due.count(desk.redis, Due.SEND, by=later) == 1
    assert simulator.truth.arrivals == []


def test_it_is_sent_once_somebody_has_named_the_account(
    desk: Desk, simulator: Simulator, clock: Clock, env: dict[str, str]
) -> None:
    campaign_id = taken(desk, ANNA, terms=NORTH.model_copy(update={"audio_title": "West"})).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(desk.timings.account_again)
    renamed = open_desk({**env, "GATEWAY_ACCOUNTS": env["GATEWAY_ACCOUNTS"].replace('"west"', '"north"')})
    assert send(replace(renamed, clock=clock.now), f"{campaign_id}-1") is Sent.ACCEPTED
    assert submission(desk, campaign_id).reason == ""
    renamed.redis.close()


def test_it_is_not_waited_for_for_ever(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, ANNA, terms=NORTH).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(hours=24))
    assert send(desk, f"{campaign_id}-1") is Sent.WITHDRAWN
    assert view(desk, campaign_id).status is CampaignStatus.EXPIRED


def test_it_can_be_stopped_like_any_other(desk: Desk) -> None:
    campaign_id = taken(desk, ANNA, terms=NORTH).campaign_id
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    assert control(desk, campaign_id).open == 0
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED


def test_a_session_whose_account_has_gone_is_looked_at_slowly_and_says_why(desk: Desk, env: dict[str, str]) -> None:
    campaign_id = sent(desk, ANNA, terms=WEST.model_copy(update={"audio_title": "West"}), key="west")
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    without = replace(open_desk({**env, "GATEWAY_ACCOUNTS": ""}), clock=desk.clock)
    assert control(without, campaign_id).open == 1
    assert "no gateway account is named 'west'" in submission(desk, campaign_id).reason
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + timedelta(seconds=59)) == 0
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    assert refresh(without, f"{campaign_id}-1") is Refreshed.NO_ANSWER
    assert due.stands(desk.redis, Due.REFRESH, f"{campaign_id}-1")
    without.redis.close()


def test_a_list_for_an_unknown_account_is_kept_and_says_why(desk: Desk) -> None:
    add(desk, ANNA, account="north")
    assert do_not_dial.sync(desk, "north") is Synced.LATER
    assert lists.read(desk.redis, "north").trouble == "no gateway account is named 'north'; there is: default, west"
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock() + desk.timings.account_again) == 1
