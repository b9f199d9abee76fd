"""What is published of our interfaces is what they are: no page is stale, and schema and reader agree."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs import api, job_contract, openapi
from jobs.documents.contract import contract
from jobs.models import InvalidCampaign, parse_campaign
from web.intake.examples import CAMPAIGN

SCHEMA = contract()
VALIDATOR = jsonschema_rs.Draft202012Validator(
    {**SCHEMA, "anyOf": [{"$ref": "#/$defs/campaign"}]}, validate_formats=True
)
JOBS = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)


def is_taken(stated: dict[str, Any]) -> bool:
    try:
        parse_campaign(stated)
    except InvalidCampaign:
        return False
    return True


def test_the_openapi_document_is_what_the_routes_say() -> None:
    assert openapi.PAGE.read_text(encoding="utf-8") == openapi.page(), "run: python -m docs.openapi"


def test_the_page_of_calls_is_what_the_routes_say() -> None:
    assert api.PAGE.read_text(encoding="utf-8") == api.page(), "run: python -m docs.api"


def test_the_job_contract_is_what_the_models_say() -> None:
    assert job_contract.PAGE.read_text(encoding="utf-8") == job_contract.page(), "run: python -m docs.job_contract"


GOOD: list[dict[str, Any]] = [
    {},
    {"audio_title": None, "audio_file": "r18904b140407197964.wav"},
    {"audio_title": "", "audio_url": "https://example.com/reminder.MP3?x=1"},
    {"audio_title": None, "audio_url": "https://example.com/reminder", "audio_type": "wav"},
    {"start": "2026-11-24T14:00:00-05:00", "ends_at": "2026-11-25T00:00:00Z", "expires_at": None},
    {"recipients": [6175550123, "617-555-0124"]},
    {"mobile_only": True, "account": "west", "when_unknown": "resend"},
]
BAD: list[dict[str, Any]] = [
    {"caller_id": "617555010"},
    {"caller_id": "0175550100"},
    {"audio_title": None},
    {"audio_title": " "},
    {"audio_url": "https://example.com/reminder.mp3"},
    {"audio_type": "wav"},
    {"audio_title": None, "audio_url": "ftp://example.com/reminder.mp3"},
    {"audio_title": None, "audio_url": "https://example.com/reminder"},
    {"start": "2026-11-24T14:00:00"},
    {"start": "soon"},
    {"title": "two\nlines"},
    {"title": "x" * 201},
    {"account": "the west"},
    {"when_unknown": "guess"},
    {"recipients": "6175550123"},
    {"recipients": [None]},
    {"phones": []},
]


@pytest.mark.parametrize("change", GOOD)
def test_what_may_be_said_is_taken_by_schema_and_reader(change: dict[str, Any]) -> None:
    stated = {**CAMPAIGN, **change}
    assert (VALIDATOR.is_valid(stated), is_taken(stated)) == (True, True)
    assert JOBS.is_valid({"campaign": stated, "key": "k"})


@pytest.mark.parametrize("change", BAD)
def test_what_may_not_is_refused_by_both(change: dict[str, Any]) -> None:
    stated = {**CAMPAIGN, **change}
    assert (VALIDATOR.is_valid(stated), is_taken(stated)) == (False, False)
    assert not JOBS.is_valid({"campaign": stated, "key": "k"})


VALUES = {
    "caller_id": [*range(3), "6175550100", "617-555-0100", "", "\u0666175550100"],
    "audio_title": ["Reminder", "", " ", None, 1],
    "audio_url": ["https://example.com/a.wav", "http://h/.wav", "https://", "http://h/a.b/c", "HTTP://h/a.m4a#x", None],
    "audio_type": ["wav", "MP3", None, "ogg"],
    "audio_file": ["r.wav", None, "\t", "\n"],
    "start": ["now", "2026-11-24T14:00:00Z", "2026-02-30T14:00:00Z", "2026-11-24", None, 0],
    "ends_at": ["2026-11-24T25:00:00Z", "2026-11-24 14:00:00+00:00", "", None],
    "mobile_only": [True, None],
    "title": ["", "x", None, "\x00"],
    "account": ["default", "", "a\n", "é"],
    "when_unknown": ["hold", None],
    "recipients": [[], [1], ["x"], [True], None],
}


@given(st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}))
@settings(max_examples=400)
def test_whatever_the_schema_takes_the_reader_takes(stated: dict[str, Any]) -> None:
    assert is_taken(stated) or not VALIDATOR.is_valid(stated)


@pytest.mark.parametrize("verb", ["pause", "resume", "stop", "cancel", None])
def test_a_control_job_says_a_verb_that_there_is(verb: str | None) -> None:
    assert JOBS.is_valid({"campaign_id": "bcdf", "verb": verb, "why": "x"})
    assert not JOBS.is_valid({"campaign_id": "bcdf", "verb": "explode"})


API = json.loads(openapi.page())
CALLS = {f"{method.upper()} {path}": call for path, of in API["paths"].items() for method, call in of.items()}


def fits(schema: dict[str, Any], example: Any) -> None:
    jsonschema_rs.Draft202012Validator({"components": API["components"], **schema}).validate(example)


@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_an_answer_as_an_example_with_all_its_fields_and_no_other(name: str) -> None:
    answers = [each["content"].get("application/json", {}) for each in CALLS[name]["responses"].values()]
    (answer,) = [each for each in answers if "example" in each]
    fits(closed(answer["schema"]), answer["example"])


def closed(schema: Any) -> Any:
    """The same, in which an object has no field that is not named: references are put in their places."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return closed(API["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    inside = {name: closed(each) for name, each in schema.items()}
    return {"additionalProperties": False, **inside} if "properties" in schema else inside


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if "requestBody" in call])
def test_every_call_has_a_body_as_an_example_that_fits(name: str) -> None:
    body = CALLS[name]["requestBody"]["content"]["application/json"]
    examples = [body["example"]] if "example" in body else closed(body["schema"])["examples"]
    assert examples
    for each in examples:
        fits(body["schema"], each)


def test_every_call_says_which_scope_it_needs() -> None:
    scopes = {name: call["security"] for name, call in CALLS.items()}
    assert scopes["POST /v1/campaigns"] == [{"token": ["send"]}]
    assert scopes["GET /v1/balance"] == scopes["POST /v1/do-not-dial/{account}/history"] == [{"token": ["read"]}]
    assert scopes["POST /v1/campaigns/{campaign_id}/{verb}"] == [{"token": ["control"]}]
