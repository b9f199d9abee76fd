"""A real worker keeps the gateway's list in step with ours, and a listed number is seen in the ledger alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.campaigns.do_not_dial import Verb
from jobs.contacts import Row
from jobs.gateway.simulator import Account, Fault, FaultKind, Settings
from jobs.ledger import do_not_dial as lists
from jobs.models import CampaignStatus, DropState
from tests.end_to_end.canaries import all_that_rq_stores
from tests.end_to_end.stage import TERMS, Stage, people
from tests.end_to_end.test_canary import hand_in_raw

pytestmark = pytest.mark.processes

CANARY = "6175550142"
CANARIES = (CANARY, CANARY[-7:], "(617) 555-0142", "canary-west-Pa55word")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    west = {"west": {"uid": "west@example.com", "password": "canary-west-Pa55word"}}
    with Stage(tmp_path, speed=200, LOG_LEVEL="DEBUG", GATEWAY_ACCOUNTS=json.dumps(west)) as made:
        account = Account.model_validate({"password": "canary-west-Pa55word"})
        accounts = {"demo": Account(), "west@example.com": account}
        made.simulator.gateway.settings = Settings(accounts=accounts, calls_per_second=100)
        yield made


def put_on(stage: Stage, *phones: str, account: str = "default") -> None:
    rows = [Row(line, phone) for line, phone in enumerate(phones, start=1)]
    stage.producer.do_not_dial(account, Verb.ADD, rows, by="dana", why=f"{CANARY} called", source="cli")


def confirmed(stage: Stage, account: str = "default") -> bool:
    found = lists.read(stage.redis, account)
    return found.changes > 0 and not found.unconfirmed


def test_a_listed_number_is_told_to_the_gateway_and_called_by_nobody(stage: Stage) -> None:
    put_on(stage, CANARY, "(212) 555-0101")
    others = people(50, area_code=310)
    campaign_id = stage.submit([CANARY, *others], key="one")
    put_on(stage, others[0])
    stage.start_worker()
    over = stage.wait_until_over(campaign_id)
    stage.wait_for(lambda: confirmed(stage))
    assert over.status is CampaignStatus.FINISHED
    assert over.excluded_count == 1
    assert over.drops[DropState.SCREENED] == 1
    assert set(stage.accepted()) == set(others[1:])
    assert stage.simulator.gateway.do_not_dial == {"demo": {CANARY, "2125550101", others[0]}}
    assert_silence(stage)


def test_a_gateway_that_is_down_at_first_is_told_when_it_is_back(stage: Stage) -> None:
    stage.simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_AFTER_ACCEPTING, on="control", times=2))
    stage.start_worker()
    put_on(stage, CANARY, account="west")
    stage.wait_for(lambda: confirmed(stage, "west"))
    assert stage.simulator.gateway.do_not_dial == {"west@example.com": {CANARY}}
    assert_silence(stage)


def test_a_campaign_for_an_unknown_account_does_not_keep_the_others_waiting(stage: Stage) -> None:
    lost = stage.submit([CANARY], key="lost", terms=TERMS.model_copy(update={"account": "north"}))
    campaign_id = stage.submit(people(10), key="found")
    stage.start_worker()
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    assert stage.view(lost).status is CampaignStatus.WAITING
    assert stage.events("job_failed") == []
    assert_silence(stage)


def test_a_raw_campaign_for_an_unknown_account_is_refused_by_the_worker_that_knows(stage: Stage) -> None:
    stage.start_worker()
    campaign = {"caller_id": "6175550100", "audio_title": "Reminder", "recipients": [CANARY], "account": "north"}
    job = hand_in_raw(stage, campaign)
    stage.wait_for(lambda: job.latest_result() is not None)  # RQ writes that it failed before it writes why
    failure = job.latest_result()
    assert failure is not None
    assert "account: no gateway account is named 'north'; there is: default, west" in str(failure.exc_string)
    assert_silence(stage)


def assert_silence(stage: Stage) -> None:
    stored, logged = all_that_rq_stores(stage.redis), stage.log_path.read_text()
    assert [canary for canary in CANARIES if canary in stored] == []
    assert [canary for canary in CANARIES if canary in logged] == []
