"""Do-not-dial lists, unknowns, balances and days by HTTP: as the command line has them, and under the token's name."""

from datetime import UTC, date, datetime

from redis import Redis

from jobs.documents.balances import balance_document
from jobs.documents.days import day_document
from jobs.ledger import balances, days
from jobs.ledger.balances import Noted
from jobs.models import SubmissionState
from jobs.models.reports import DayReport
from tests.jobs.cli.conftest import move
from tests.web.conftest import PHONES, Caller

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def test_a_phone_is_put_on_the_list_and_taken_off_under_the_tokens_name(caller: Caller) -> None:
    change = {"phones": ["(617) 555-0123"], "why": "called our office"}
    added = caller.post("/v1/do-not-dial/default/add", json=change)
    assert (added.status_code, added.json()["changed"], added.json()["list"]["numbers"]) == (200, 1, 1)
    assert caller.hand_in().json()["plan"]["excluded_by_reason"] == {"do_not_dial": 1}
    removed = caller.post("/v1/do-not-dial/default/remove", json={**change, "why": "by mistake"})
    assert removed.json()["changed"] == 1
    story = caller.post("/v1/do-not-dial/default/history", json={"phone": "617-555-0123"}).json()
    told = [(each["verb"], each["by"], each["why"], each["source"]) for each in story["requests"]]
    assert told == [
        ("add", "all but phones", "called our office", "http"),
        ("remove", "all but phones", "by mistake", "http"),
    ]
    assert (story["is_listed"], story["phone"]) == (False, "***0123")
    assert caller.get("/v1/do-not-dial").json()["lists"] == [caller.get("/v1/do-not-dial/default").json()]


def test_a_slip_in_one_phone_changes_nothing(caller: Caller) -> None:
    refused = caller.post("/v1/do-not-dial/default/add", json={"phones": [PHONES[0], "555"], "why": "asked"})
    assert refused.json()["problems"][0]["field"] == "phones.1"
    assert caller.get("/v1/do-not-dial/default").json()["numbers"] == 0


def test_an_unknown_submission_is_shown_and_decided_once(caller: Caller, redis: Redis) -> None:
    campaign_id = caller.hand_in().json()["campaign_id"]
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.UNKNOWN)
    (case,) = caller.get("/v1/unknowns").json()["unknowns"]
    path = f"/v1/unknowns/{case['submission_id']}"
    assert caller.get(path).json() == case
    assert caller.get("/v1/unknowns?campaign_id=bcdf").json()["unknowns"] == []

    against = caller.post(f"{path}/decision", json={"decision": "resend", "why": "they wait"})
    assert (against.status_code, against.json()["type"]) == (409, "/v1/problems/inadvisable")
    assert '"force": true' in against.json()["detail"]
    too_early = caller.post(f"{path}/decision", json={"decision": "give-up", "why": "they wait"}).json()["detail"]
    assert [each for each in (against.json()["detail"], too_early) if "`" in each or "--" in each] == []
    adopted = caller.post(f"{path}/decision", json={"decision": "adopt", "why": "seen", "session_id": "4294967301"})
    assert (adopted.status_code, adopted.json()["type"]) == (503, "/v1/problems/gateway-silent")
    assert "which phones session 4294967301 calls: the web process has no credentials" in adopted.json()["detail"]
    assert caller.post(f"{path}/decision", json={"decision": "adopt", "why": "seen"}).status_code == 422

    given_up = {"decision": "give-up", "why": "nobody will ever know", "force": True}
    decided = [caller.post(f"{path}/decision", json=given_up).json() for _ in range(2)]
    assert [each["is_new"] for each in decided] == [True, False]
    assert decided[0]["evidence"][-1]["by"] == "all but phones"


def test_the_id_of_a_session_that_somebody_typed_is_told_as_it_came(caller: Caller, redis: Redis) -> None:
    adopt = {"decision": "adopt", "why": "seen", "session_id": "4294967301", "force": True}
    answers = []
    for key in ("first", "second"):
        campaign_id = caller.hand_in(key).json()["campaign_id"]
        move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.UNKNOWN)
        answers.append(caller.post(f"/v1/unknowns/{campaign_id}-1/decision", json=adopt))
    first, second = answers
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["detail"].startswith("session 4294967301 is submission ")


def test_balances_and_days_are_as_the_workers_noted_them(caller: Caller, redis: Redis) -> None:
    balances.note(redis, "default", Noted(NOW, 5_000, 12))
    report = days.keep(redis, DayReport(account="default", day=date(2026, 3, 2), found_at=NOW, is_done=True))
    assert caller.get("/v1/balance").json() == balance_document(redis, "default")
    assert caller.get("/v1/reconciliations/2026-03-02").json() == day_document(report)
