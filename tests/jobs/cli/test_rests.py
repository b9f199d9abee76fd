"""Who looks at campaigns is told of accounts at rest, or refused: since when, why, until when, and what to do."""

from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis

from jobs.campaigns import refusals
from jobs.campaigns.control import known
from jobs.cli.follow import has_come_to_rest
from jobs.ledger import breaker
from jobs.ledger.breaker import FAILURES_TO_OPEN, Cause
from tests.jobs.cli.conftest import NOW, SEND, Run, accept

REST = timedelta(minutes=1)


def fail(redis: Redis, cause: Cause, why: str, *, account: str = "default", about: str = "") -> None:
    for number in range(FAILURES_TO_OPEN):
        token = f"{cause} {number}"
        breaker.fail(
            redis, account, token=token, now=NOW, first_rest=REST, longest_rest=REST, about=about, why=why, cause=cause
        )


@pytest.fixture
def refused(redis: Redis) -> None:
    fail(redis, Cause.REFUSAL, "c_uid or c_password: invalid", about="credentials")


@pytest.fixture
def resting(redis: Redis) -> None:
    fail(redis, Cause.TROUBLE, "The gateway was not reached (refused).")


SINCE = "2026-03-02 10:00:00 Eastern (15:00:00 UTC)"
NEXT = "2026-03-02 10:01:00 Eastern (15:01:00 UTC)"
REFUSED = (
    f"The gateway refuses account default (credentials: c_uid or c_password: invalid), since {SINCE}. "
    f"Nothing is lost: its submissions wait, and the next submission is tried at {NEXT}. "
    "What to do: check GATEWAY_UID and GATEWAY_PASSWORD, and start the workers again with what is right.\n"
)
RESTING = (
    f"The gateway gets a rest from account default since {SINCE}, after failures in a row; "
    f"the next call is tried at {NEXT}. It goes on by itself. "
    "The last failure: The gateway was not reached (refused).\n"
)


@pytest.mark.usefixtures("refused")
def test_a_campaign_that_waits_for_a_refused_account_says_so(run: Run, campaign_id: str) -> None:
    assert run("show", campaign_id).err == REFUSED
    (waits_for,) = run("show", campaign_id, "--json").document["waits_for"]
    assert waits_for == {
        "account": "default",
        "cause": "refusal",
        "about": "credentials",
        "why": "c_uid or c_password: invalid",
        "since": "2026-03-02T15:00:00Z",
        "next_try_at": "2026-03-02T15:01:00Z",
    }


@pytest.mark.usefixtures("resting")
def test_a_campaign_that_waits_for_a_gateway_at_rest_says_until_when(run: Run, redis: Redis, campaign_id: str) -> None:
    assert run("show", campaign_id).err == RESTING
    breaker.enter(redis, "default", token="probe", now=NOW + REST, heard_within=REST)
    assert "one call is just finding out" in run("show", campaign_id).err


@pytest.mark.usefixtures("refused", "resting")
def test_a_campaign_that_waits_for_nothing_says_nothing(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    shown = run("show", campaign_id)
    assert "account default" not in shown.err
    assert run("show", campaign_id, "--json").document["waits_for"] == []


@pytest.mark.usefixtures("refused", "resting")
def test_the_list_has_a_line_for_each(run: Run, redis: Redis) -> None:
    fail(redis, Cause.REFUSAL, "not enough credits", account="west", about="credits")
    said = run("list").err
    assert said.startswith(RESTING + REFUSED + "The gateway refuses account west (")
    assert "buy credits" in said
    listed = run("list", "--json").document["accounts_at_rest"]
    assert [(each["account"], each["cause"]) for each in listed] == [
        ("default", "trouble"),
        ("default", "refusal"),
        ("west", "refusal"),
    ]


@pytest.mark.usefixtures("refused", "resting")
def test_what_is_over_is_not_told(run: Run, redis: Redis) -> None:
    for cause in Cause:
        breaker.succeed(redis, "default", cause, now=NOW)
    assert run("list").err == ""
    assert run("list", "--json").document["accounts_at_rest"] == []


@pytest.mark.usefixtures("refused")
def test_nobody_waits_for_a_campaign_whose_account_is_refused(run: Run, contacts: Path) -> None:
    sent = run("send", contacts, *SEND, "--key", "refused", "--wait")
    assert sent.code == 6
    assert sent.err.endswith(REFUSED)
    assert "watch it" in sent.out
    watched = run("show", "refused", "--watch")
    assert (watched.code, watched.err.endswith(REFUSED)) == (0, True)


@pytest.mark.usefixtures("refused")
def test_who_sends_through_a_refused_account_hears_of_it_at_once(run: Run, contacts: Path) -> None:
    sent = run("send", contacts, *SEND)
    assert (sent.code, sent.err.endswith(REFUSED)) == (0, True)


@pytest.mark.usefixtures("refused")
def test_an_account_that_is_just_tried_again_is_waited_for(run: Run, redis: Redis, campaign_id: str) -> None:
    campaign = known(redis, campaign_id)
    assert has_come_to_rest(redis, campaign, NOW)
    assert not has_come_to_rest(redis, campaign, NOW + REST)
    refusals.try_now(redis, ["default"], now=NOW)
    assert not has_come_to_rest(redis, campaign, NOW)
