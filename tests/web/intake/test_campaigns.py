"""Campaigns by HTTP: in once for a key, whatever is sent again, and shown as the command line shows them."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from jobs.documents.campaigns import read_shown
from jobs.ledger import campaigns, looks
from jobs.ledger.do_not_dial import Asked, Verb, change
from jobs.models.scopes import Scope
from tests.jobs.ledger.conftest import NOW
from tests.web.conftest import CAMPAIGN, PHONES, Caller, CallerOf

CONTACTS = """\
Name,Mobile Phone
Ann,617-555-0123
Bob,(617) 555-0124
Cyd,n/a
Dee,6175550123.0
Eve,+1 617 555 0125
"""

FORM = {"caller_id": "(617) 555-0100", "audio_title": "Reminder", "title": "March"}


def upload(caller: Caller, text: str = CONTACTS, key: str = "march", path: str = "/v1/campaigns", **fields: str) -> Any:
    files = {"contacts": ("contacts.csv", text.encode(), "text/csv")}
    return caller.post(path, data={**FORM, **fields}, files=files, headers={"Idempotency-Key": key})


def test_a_campaign_is_taken_and_its_handle_leads_to_it(caller: Caller, redis: Redis) -> None:
    answer = caller.hand_in(recipients=[*PHONES, PHONES[0], "n/a"])
    assert answer.status_code == 202
    said = answer.json()
    assert (said["is_new"], said["plan"]["rows"], said["plan"]["phones"], said["plan"]["excluded"]) == (True, 5, 3, 2)
    left_out = [(4, "duplicate", 1), (5, "not_a_number", None)]
    for rows in (said["plan"]["examples"], caller.get(said["excluded_url"]).json()["excluded"]):
        assert [(each["line"], each["reason"], each["kept_line"]) for each in rows] == left_out
    shown = caller.get(answer.headers["Location"])
    assert shown.status_code == 200
    assert shown.json() == json.loads(json.dumps(read_shown(redis, said["campaign_id"])))


def test_the_same_key_gives_the_same_answer_again(caller: Caller) -> None:
    first, second = (caller.hand_in(recipients=[*PHONES, "n/a"]) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == {**first.json(), "is_new": False}
    assert second.headers["Location"] == first.headers["Location"]


def test_many_at_once_under_one_key_make_one_campaign(caller: Caller, redis: Redis) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: caller.hand_in(), range(16)))
    assert {each.status_code for each in answers} == {202}
    assert sum(each.json()["is_new"] for each in answers) == 1
    assert len(campaigns.newest(redis, most=9)) == 1


def test_another_payload_under_the_key_is_refused_and_says_what_differs(caller: Caller) -> None:
    first = caller.hand_in().json()
    refused = caller.hand_in(title="April", recipients=PHONES[:1])
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "/v1/problems/key-conflict"
    assert problem["fields"] == ["recipients", "title"]
    assert problem["campaign_id"] == first["campaign_id"]


def test_without_a_key_nothing_is_taken_and_it_says_what_to_do(caller: Caller, redis: Redis) -> None:
    refused = caller.post("/v1/campaigns", json={**CAMPAIGN, "recipients": PHONES})
    assert (refused.status_code, refused.json()["type"]) == (400, "/v1/problems/key-missing")
    assert "Choose one" in refused.json()["todo"]
    assert campaigns.newest(redis, most=1) == []


def test_a_key_in_quotation_marks_is_the_same_key(caller: Caller) -> None:
    assert caller.hand_in('"march"').json()["campaign_id"] == caller.hand_in("march").json()["campaign_id"]


def test_a_dry_run_gives_the_plan_and_stores_nothing(caller: Caller, redis: Redis) -> None:
    change(redis, "default", Verb.ADD, PHONES[:1], Asked("ops", "asked", "test", NOW))
    before = set(redis.keys())
    answer = caller.post("/v1/campaigns?dry_run=true", json={**CAMPAIGN, "recipients": PHONES})
    assert answer.status_code == 200
    assert answer.json()["plan"]["excluded_by_reason"] == {"do_not_dial": 1}
    assert answer.json()["campaign_id"] is None
    assert set(redis.keys()) == before


def test_a_contact_file_goes_in_by_a_form(caller: Caller) -> None:
    answer = upload(caller, start="2027-01-05 09:30 ET", mobile_only="true")
    assert answer.status_code == 202, answer.text
    said = answer.json()
    assert said["contacts"]["name"] == "Mobile Phone"
    assert said["campaign"]["start"] == "2027-01-05T14:30:00Z"
    assert (said["plan"]["phones"], said["plan"]["excluded_by_reason"]) == (3, {"not_a_number": 1, "duplicate": 1})


def test_all_that_is_wrong_with_a_form_is_said_at_once(caller: Caller) -> None:
    text = 'Name,Phone\nAnn,6175550123\nBob,"6175550124\n'
    refused = upload(caller, text, caller_id="12", start="soon", surprise="x")
    assert refused.status_code == 422
    problems = refused.json()["problems"]
    assert {each["field"] for each in problems} == {"caller_id", "start", "surprise", "contacts"}
    assert [each["row"] for each in problems if "row" in each] == [3]


def test_all_that_is_wrong_with_a_campaign_is_said_at_once(caller: Caller) -> None:
    bad = {"caller_id": "12", "start": "2001-01-01T00:00:00Z", "surprise": "x", "audio_title": None}
    problems = caller.hand_in("x" * 201, recipients=["n/a", "555-0123", ""], **bad).json()["problems"]
    messages = {each["field"]: each["message"] for each in problems}
    assert sorted(messages) == ["Idempotency-Key", "audio_title", "caller_id", "recipients", "start", "surprise"]
    rows = "not a number (line 1), too short (line 2), empty (line 3)"
    assert messages["recipients"] == f"none of the 3 rows holds a phone number to send to: {rows}"


def test_a_file_without_a_phone_is_told_by_its_rows_with_all_else(caller: Caller) -> None:
    for wrong in ({}, {"start": "2001-01-01 09:30 ET", "audio_type": "ogg"}):
        problems = upload(caller, "Name,Phone\nAnn,n/a\nBob,5550123\n", **wrong).json()["problems"]
        messages = {each["field"]: each["message"] for each in problems}
        assert messages.keys() == {"contacts", *wrong}
        assert messages["contacts"].endswith(": not a number (line 2), too short (line 3)")


def test_a_column_that_would_be_a_guess_is_asked_for(caller: Caller) -> None:
    text = "Home Phone,Work Phone\n6175550123,6175550124\n"
    refused = upload(caller, text)
    assert "the field column" in refused.json()["problems"][0]["message"]
    assert upload(caller, text, column="Work Phone").status_code == 202


@pytest.mark.parametrize("column", ["0", "2", "9" * 5_000, "²"])
def test_a_column_that_is_not_there_is_refused(caller: Caller, column: str) -> None:
    assert upload(caller, "Phone\n6175550123\n", column=column).status_code == 422


def test_a_row_of_too_many_columns_is_refused_at_once(caller: Caller) -> None:
    """It took minutes, and memory without end: each row of the sample is as wide as the widest."""
    wide = ",".join(["6175550123"] * 20_000)
    refused = upload(caller, f"Phone\n{wide}\n" + "6175550124\n" * 1_000)
    assert refused.status_code == 422
    assert "columns" in refused.json()["problems"][0]["message"]


def test_a_form_without_a_file_says_so(caller: Caller) -> None:
    answer = caller.post("/v1/campaigns", files={"title": (None, "x")}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["problems"]} >= {"contacts", "caller_id"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"caller_id": "1"}, "caller_id"),
        ({"audio_url": "https://example.com/a.mp3"}, "audio_title"),
        ({"audio_title": None}, "audio_title"),
        ({"recipients": [{"phone": 1}]}, "recipients.0"),
        ({"recipients": ["n/a"]}, "recipients"),
        ({"phones": []}, "phones"),
        ({"start": "2001-01-01T00:00:00Z"}, "start"),
        ({"account": "nobody's"}, "account"),
    ],
)
def test_a_campaign_that_cannot_be_sent_names_the_field(caller: Caller, wrong: dict[str, Any], field: str) -> None:
    refused = caller.hand_in(**wrong)
    assert refused.status_code == 422
    assert refused.json()["type"] == "/v1/problems/invalid"
    assert field in {each["field"] for each in refused.json()["problems"]}


def test_campaigns_are_paged_without_a_gap_or_a_double(caller: Caller) -> None:
    taken = [caller.hand_in(f"key {number}").json()["campaign_id"] for number in range(7)]
    seen: list[str] = []
    path = "/v1/campaigns?limit=3"
    while path:
        page = caller.get(path).json()
        caller.hand_in(f"later {len(seen)}")  # what comes meanwhile does not shift what follows
        seen += [each["campaign_id"] for each in page["campaigns"]]
        path = f"/v1/campaigns?limit=3&cursor={page['next']}" if page["next"] else ""
    assert seen == taken[::-1]


def test_a_page_is_filtered_by_status_account_and_age(caller: Caller) -> None:
    (one, other) = (caller.hand_in(account=name, key=name).json() for name in ("default", "west"))
    caller.post(f"{one['url']}/stop", json={"why": "wrong list"})

    def ids(query: str) -> list[str]:
        return [each["campaign_id"] for each in caller.get(f"/v1/campaigns?{query}").json()["campaigns"]]

    assert ids("account=west") == [other["campaign_id"]]
    assert ids("status=waiting") == [other["campaign_id"]]
    assert ids("since=2126-01-01T00:00:00Z") == []


def test_a_campaign_is_told_with_a_reason_and_it_holds(caller: Caller, redis: Redis) -> None:
    handle = caller.hand_in().json()
    url = handle["url"]
    paused = caller.post(f"{url}/pause", json={"why": "the wrong recording"})
    assert (paused.status_code, paused.json()["intent"]) == (202, "pause")
    assert paused.json()["note"] == "the wrong recording"
    told = campaigns.requests(redis, handle["campaign_id"])[-1]
    assert (told.by, told.why) == ("all but phones", "the wrong recording")
    assert caller.post(f"{url}/resume", json={"why": "mended"}).json()["intent"] == "run"
    assert caller.post(f"{url}/stop", json={"why": "enough"}).status_code == 202
    over = caller.post(f"{url}/resume", json={"why": "again"})
    assert (over.status_code, over.json()["type"]) == (409, "/v1/problems/campaign-is-over")


def test_a_control_without_a_reason_is_refused(caller: Caller) -> None:
    url = caller.hand_in().json()["url"]
    for body in ({}, {"why": ""}, {"why": "  "}):
        assert caller.post(f"{url}/stop", json=body).status_code == 422


def test_results_are_whole_with_the_scope_for_it_alone(caller: Caller, caller_of: CallerOf) -> None:
    url = caller.hand_in(recipients=[*PHONES, "555-0123"]).json()["url"]
    trusted = caller_of(Scope.READ, Scope.PHONES, name="trusted")
    assert [each["phone"] for each in caller.get(f"{url}/results").json()["results"]] == [
        "***0123",
        "***0124",
        "***0125",
    ]
    assert [each["phone"] for each in trusted.get(f"{url}/results").json()["results"]] == PHONES
    assert caller.get(f"{url}/excluded").json()["excluded"][0]["text"] == "•••-••23"
    assert trusted.get(f"{url}/excluded?format=csv").text.splitlines()[1].endswith(",555-0123,")


def test_who_sees_whole_phones_is_remembered_and_who_sees_the_last_digits_is_not(
    redis: Redis, caller: Caller, caller_of: CallerOf
) -> None:
    handle = caller.hand_in().json()
    trusted = caller_of(Scope.READ, Scope.PHONES, name="auditor")
    for each in (caller, trusted):
        each.get(f"{handle['url']}/results")
    trusted.get(f"{handle['url']}/excluded")
    seen = [(each.who, each.what) for each in looks.newest(redis, most=5)]
    of = f"campaign {handle['campaign_id']}"
    assert sorted(seen) == [("auditor", f"{of}, results"), ("auditor", f"{of}, rows left out")]


@pytest.mark.parametrize("begin", ["=", "＝", "@", "＠"])  # noqa: RUF001 -- the wide ones count, too
def test_no_cell_of_a_csv_is_a_formula_and_json_has_it_as_it_was(caller_of: CallerOf, begin: str) -> None:
    trusted = caller_of(Scope.READ, Scope.SEND, Scope.PHONES, name="trusted")
    formula = f'{begin}HYPERLINK("https://example.com","x")'
    url = trusted.hand_in(recipients=[*PHONES, formula]).json()["url"]
    (row,) = csv.DictReader(trusted.get(f"{url}/excluded?format=csv").text.splitlines())
    assert row["text"] == f"'{formula}"
    assert trusted.get(f"{url}/excluded").json()["excluded"][0]["text"] == formula


def test_results_come_in_the_format_that_is_asked_for(caller: Caller) -> None:
    url = caller.hand_in().json()["url"]
    as_csv = caller.get(f"{url}/results", headers={"Accept": "text/csv"})
    assert as_csv.headers["Content-Type"].startswith("text/csv")
    assert len(as_csv.text.splitlines()) == 4
    lines = caller.get(f"{url}/results?format=jsonl").text.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["pending"] * 3
    assert caller.get(f"{url}/results", headers={"Accept": "image/png"}).status_code == 406
    assert caller.get(f"{url}/excluded").json()["excluded"] == []
    assert caller.get(f"{url}/excluded?format=jsonl").text == ""


def test_a_list_of_thousands_is_streamed_whole(caller: Caller) -> None:
    phones = [f"212555{number:04}" for number in range(2_345)]
    url = caller.hand_in(recipients=phones).json()["url"]
    assert len(caller.get(f"{url}/results").json()["results"]) == 2_345
    assert len(caller.get(f"{url}/results?format=csv").text.splitlines()) == 2_346
