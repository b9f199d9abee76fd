"""What leaves, and what is never told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from jobs.gateway.client import Credentials, Dialect, GatewayClient
from jobs.gateway.errors import GatewayError
from jobs.models import Terms
from tests.jobs.gateway.clients import (
    GOOD,
    NOW,
    PATIENT,
    PHONES,
    QUICK,
    TERMS,
    TODAY,
    body_of,
    client_of,
    everywhere,
    submit,
)
from tests.jobs.gateway.wire import Script, hold, http, raw_server, reset, say

AUDIO_URL = "https://cdn.example/a b/hi.mp3?sig=x%2By&n=1+1"
POSTBACK_URL = "https://dropline.example/postbacks/t0ken"


def form_of(
    terms: Terms = TERMS,
    *,
    title: str = "",
    postback_url: str | None = None,
    start_at: datetime | None = None,
) -> dict[str, str]:
    """The fields of a submission as a server reads them, but the credentials and phones."""
    with raw_server(GOOD) as server:
        submit(client_of(server), terms, PHONES[:2], title=title, postback_url=postback_url, start_at=start_at)
    fields = dict(parse_qsl(body_of(server), keep_blank_values=True, strict_parsing=True))
    assert [fields.pop("c_uid"), fields.pop("c_password")] == ["demo", "demo"]
    assert fields.pop("c_phone") == "6175550120,6175550121"
    return fields


def test_a_plain_campaign_has_only_the_fields_it_needs() -> None:
    assert form_of() == {"c_record_audio": "Reminder", "c_callerID": "6175550100", "c_date": "now"}


def test_a_full_campaign_has_every_field_in_the_vendors_spelling() -> None:
    terms = Terms(
        caller_id="6175550100",
        audio_url=AUDIO_URL,
        mobile_only=True,
        ends_at=NOW + timedelta(hours=3, microseconds=1),
    )
    assert form_of(terms, title="Näch & co = 100%", postback_url=POSTBACK_URL, start_at=NOW) == {
        "c_url": AUDIO_URL,
        "c_audio": "Mp3",
        "c_callerID": "6175550100",
        "c_date": "2026-11-23 10:00:00",
        "c_title": "Näch & co = 100%",
        "mobile_only": "1",
        "c_endtime": "2026-11-23 13:00:00",
        "c_dispo_url": POSTBACK_URL,
    }


@pytest.mark.parametrize(("ending", "on_the_wire"), [("wav", "wav"), ("MP3", "Mp3"), ("m4a", "M4a")])
def test_the_type_of_audio_is_spelled_as_the_vendor_does(ending: str, on_the_wire: str) -> None:
    terms = Terms(caller_id="6175550100", audio_url=f"https://cdn.example/hi.{ending}")
    assert form_of(terms)["c_audio"] == on_the_wire


def test_the_json_gateway_is_told_that_it_is_a_new_campaign() -> None:
    with raw_server(GOOD) as server:
        submit(client_of(server, Dialect.JSON))
    assert bytes(server.received[0]).startswith(b"POST /gateway/vmb.json.php ")
    assert dict(parse_qsl(body_of(server)))["c_method"] == "new_campaign"


def test_a_system_file_is_named_as_such() -> None:
    fields = form_of(Terms(caller_id="6175550100", audio_file="r18904b140407197964.wav"))
    assert fields["c_sys_audio_name"] == "r18904b140407197964.wav"
    assert not fields.keys() & {"c_record_audio", "c_url", "c_audio"}


def test_credentials_with_odd_characters_arrive_as_they_are() -> None:
    with raw_server(GOOD) as server:
        submit(client_of(server, password="a+b&c_phone=1 %41é"))
    assert dict(parse_qsl(body_of(server)))["c_password"] == "a+b&c_phone=1 %41é"


def test_ten_thousand_phones_arrive_in_their_order() -> None:
    phones = [f"617555{number:04d}" for number in range(10_000)]
    with raw_server(GOOD) as server:
        submit(client_of(server), phones=phones)
    assert dict(parse_qsl(body_of(server)))["c_phone"].split(",") == phones


@pytest.mark.parametrize(
    "phones",
    [[], ["6175550123"] * 10_001, ["617555012"], ["16175550123"], ["617555012&"], ["617555012٣"], ["617,555012"]],
)
def test_phones_that_the_wire_cannot_carry_are_the_callers_mistake(phones: list[str]) -> None:
    with raw_server(GOOD) as server, pytest.raises(ValueError, match="submission") as mistake:
        submit(client_of(server), phones=phones)
    assert not server.received
    assert not any(phone in str(mistake.value) for phone in phones)


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (lambda client: client.pause("123456"), {"c_option": "pause"}),
        (lambda client: client.resume("123456"), {"c_option": "run"}),
        (lambda client: client.cancel("123456"), {"c_option": "cancel"}),
        (lambda client: client.stop("123456"), {"c_option": "stop"}),
        (lambda client: client.campaign_result("123456", near=NOW), {"c_option": "campaign_result"}),
        (
            lambda client: client.call_status("123456", "6175550123", near=NOW),
            {"c_option": "callstatus", "c_phone": "6175550123"},
        ),
    ],
)
def test_every_other_call_names_its_option_and_session(
    call: Callable[[GatewayClient], object], fields: dict[str, str]
) -> None:
    with raw_server(say(http(b"OK"))) as server:
        call(client_of(server))
    login = {"c_uid": "demo", "c_password": "demo"}
    assert dict(parse_qsl(body_of(server))) == login | fields | {"session_id": "123456"}


@pytest.mark.parametrize(
    ("call", "answer", "fields"),
    [
        (lambda client: client.balance(), b"remaining messages=1", {"remain_message": "1"}),
        (lambda client: client.user_verify(), b"OK", {"c_option": "user_verify"}),
        (
            lambda client: client.campaign_by_date(TODAY),
            b"",
            {"c_option": "campaign_by_date", "on_day": "2026-11-23"},
        ),
    ],
)
@everywhere
def test_a_question_about_the_account_says_no_more_than_it_must(
    dialect: Dialect, call: Callable[[GatewayClient], object], answer: bytes, fields: dict[str, str]
) -> None:
    with raw_server(say(http(answer))) as server:
        call(client_of(server, dialect, day_field="on_day"))
    assert dict(parse_qsl(body_of(server))) == {"c_uid": "demo", "c_password": "demo"} | fields


# What is never told.


@pytest.mark.parametrize(
    "base_url", ["", "gateway/", "ftp://host/gateway/", "https:///gateway/", "https://host/gateway"]
)
def test_a_base_url_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        GatewayClient(base_url=base_url, credentials=Credentials("demo", SecretStr("sesame")))


def test_nothing_that_is_shown_of_a_client_holds_the_password() -> None:
    credentials = Credentials("demo", SecretStr("sesame"))
    client = GatewayClient(base_url="https://host.example/gateway/", credentials=credentials)
    assert "sesame" not in f"{client!r} {client} {credentials!r} {credentials} {vars(client)}"


TROUBLES: dict[str, Script | None] = {
    "refused connection": None,
    "no answer": hold,
    "reset": reset,
    "half a body": say(http(b"OK\nsession_id=93816", length=44)),
    "bad gateway": say(http(b"", "502 Bad Gateway")),
    "too much": say(http(b"OK" * 100_000)),
    "not understood": say(http(f"Hello sesame, no {PHONES[0]}, no {AUDIO_URL}".encode())),
    "refused": say(http(f"ERROR\nno {PHONES[0]} and no {AUDIO_URL}".encode())),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_no_error_carries_credentials_phones_or_urls(name: str) -> None:
    script = TROUBLES[name]
    terms = Terms(caller_id="6175550100", audio_url=AUDIO_URL)
    with raw_server(script or hold) as server:
        client = client_of(server, password="sesame", timeouts=QUICK if script is hold else PATIENT)
        told = trouble_of(client, terms) if script else ""
    told = told or trouble_of(client, terms)
    assert not [secret for secret in ("sesame", *PHONES, "cdn.example", "t0ken") if secret in told]


def trouble_of(client: GatewayClient, terms: Terms) -> str:
    with pytest.raises(GatewayError) as trouble:
        submit(client, terms, postback_url=POSTBACK_URL)
    return all_that_hangs_on(trouble.value)


def all_that_hangs_on(error: BaseException | None) -> str:
    """What a collector of errors could show: texts, attributes, causes, and the variables of the frames below ours."""
    if error is None:
        return ""
    told = [str(error), repr(error), str(vars(error)), *map(str, variables(error.__traceback__))]
    return " ".join([*told, all_that_hangs_on(error.__cause__), all_that_hangs_on(error.__context__)])


def variables(traceback: TracebackType | None) -> list[Any]:
    """Of every frame but those that were handed the submission in clear: the test's and `submit`."""
    found: list[Any] = []
    while traceback:
        code = traceback.tb_frame.f_code
        if "tests" not in code.co_filename and code.co_name not in {"submit", *PARSING}:
            found += [f"{name}={value!r}" for name, value in traceback.tb_frame.f_locals.items()]
        traceback = traceback.tb_next
    return found


PARSING = {"parse_submission_reply", "understand"}
"""They hold the answer's text, which is the gateway's."""
