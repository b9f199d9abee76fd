import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from jobs.gateway.client import Credentials, GatewayClient, Timeouts
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, Phase, RefusalKind, Rejected
from jobs.gateway.replies import Accepted, Balance, ControlAnswer
from jobs.gateway.simulator import Account, Clock, Dialect, Fault, FaultKind, Layout, Settings, Simulator
from jobs.models import DropState, Terms
from tests.jobs.gateway.wire import RawServer, Script, hold, http, raw_server, reset, say

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AUDIO_URL = "https://cdn.example/a b/hi.mp3?sig=x%2By&n=1+1"
POSTBACK_URL = "https://dropline.example/postbacks/t0ken"
TERMS = Terms(caller_id="6175550100", audio_title="Reminder")
DEMO = "demo"
PHONES = [f"61755501{number:02d}" for number in range(20, 30)]
QUICK = Timeouts(connect_s=0.5, read_s=0.3, deadline_s=0.6)
PATIENT = Timeouts(connect_s=5, read_s=10, deadline_s=10)
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
GOOD = say(http(b"OK\nsession_id=9381694821\nnumber of phone=1"))


def client_of(peer: RawServer | Simulator, *, password: str = DEMO, timeouts: Timeouts = PATIENT) -> GatewayClient:
    base_url = peer.base_url if isinstance(peer, Simulator) else peer.url.removesuffix("vmb.php")
    credentials = Credentials(uid="demo", password=SecretStr(password))
    return GatewayClient(base_url=base_url, credentials=credentials, timeouts=timeouts, tls=NO_TRUST)


def submit(
    client: GatewayClient,
    terms: Terms = TERMS,
    phones: Sequence[str] = PHONES,
    *,
    title: str = "",
    postback_url: str | None = None,
    start_at: datetime | None = None,
    before_send: Callable[[], None] = lambda: None,
) -> Accepted:
    return client.submit(
        terms, phones, title=title, postback_url=postback_url, start_at=start_at, before_send=before_send
    )


# What leaves.


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


def body_of(server: RawServer) -> str:
    (request,) = server.received
    return bytes(request).partition(b"\r\n\r\n")[2].decode("ascii")


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


def test_the_balance_is_asked_for_with_nothing_that_could_be_taken_for_a_campaign() -> None:
    with raw_server(say(http(b"remaining messages=12345\npending messages=123"))) as server:
        assert client_of(server).balance() == Balance(12_345, 123)
    assert dict(parse_qsl(body_of(server))) == {"c_uid": "demo", "c_password": "demo", "remain_message": "1"}


# What comes back, from a whole gateway.

ODD_DIALECTS = [
    Dialect(),
    Dialect(layout=Layout.TITLE_CASE, quoted_records=True, failure_word="Fail", id_with_controls=True),
    Dialect(layout=Layout.BARE_ID, five_fields=True, record_prefix=False, pending_records=True),
    Dialect(blanks_for_newlines=True, id_with_controls=True),
    Dialect(blanks_for_newlines=True, layout=Layout.BARE_ID, quoted_records=True, record_prefix=False),
    Dialect(crlf=True, bom=True, count="absent"),
    Dialect(json_everywhere=True, content_type="text/plain"),
]


@pytest.mark.parametrize("dialect", ODD_DIALECTS, ids=repr)
def test_a_campaign_runs_its_course_in_every_dialect(dialect: Dialect) -> None:
    clock = Clock(starts_at=NOW, stopped=True)
    with Simulator(Settings(dialect=dialect), clock=clock) as simulator:
        client = client_of(simulator)
        accepted = submit(client, title="Spring sale")
        (session,) = simulator.truth.sessions
        assert (accepted.session_id, accepted.phone_count) == (session.id, 10 if dialect.count == "sent" else None)
        assert session.phones == tuple(PHONES)
        first = client.campaign_result(session.id, near=clock.now())
        assert not [record for record in first if record.disposition.state is not DropState.PENDING]
        assert [client.pause(session.id), client.resume(session.id)] == [ControlAnswer.DONE, ControlAnswer.DONE]
        clock.jump(timedelta(minutes=10))
        records = client.campaign_result(session.id, near=clock.now())
        assert {record.disposition.phone for record in records} <= set(PHONES)
        assert all(NOW <= (record.disposition.delivered_at or NOW) <= clock.now() for record in records)
        assert sum(record.disposition.state is DropState.DELIVERED for record in records) == session.counts(
            clock.now()
        ).get("delivered", 0)
        assert client.call_status(session.id, records[0].disposition.phone, near=clock.now()) == records[0]
        assert client.call_status(session.id, "6175550199", near=clock.now()) is None
        assert client.stop(session.id) is ControlAnswer.ALREADY_OVER


@pytest.mark.parametrize("dialect", ODD_DIALECTS, ids=repr)
def test_refusals_are_told_apart_in_every_dialect(dialect: Dialect) -> None:
    accounts = {"demo": Account(credits=5)}
    with Simulator(Settings(dialect=dialect, accounts=accounts), clock=Clock(starts_at=NOW)) as simulator:
        client = client_of(simulator)
        assert kind_of(lambda: submit(client)) is RefusalKind.CREDITS
        assert kind_of(lambda: submit(client_of(simulator, password="wrong"))) is RefusalKind.CREDENTIALS
        assert kind_of(lambda: submit(client, start_at=NOW + timedelta(days=91))) is RefusalKind.DATE
        nobody = Terms(caller_id="6175550100", audio_title="Nothing")
        assert kind_of(lambda: submit(client, nobody)) is RefusalKind.AUDIO
        assert kind_of(lambda: client.stop("9381694821")) is RefusalKind.NOT_FOUND
        assert not simulator.truth.sessions


def kind_of(call: Callable[[], object]) -> RefusalKind:
    with pytest.raises(Rejected) as refused:
        call()
    return refused.value.kind


@pytest.mark.parametrize(
    ("fault", "phase"),
    [
        (FaultKind.ACCEPT_THEN_NEVER_ANSWER, Phase.WAITING),
        (FaultKind.ACCEPT_THEN_RESET, Phase.WAITING),
        (FaultKind.ACCEPT_LATE, Phase.WAITING),
        (FaultKind.ANSWER_502_AFTER_ACCEPTING, Phase.READING),
        (FaultKind.HALF_BODY, Phase.READING),
        (FaultKind.HTML, Phase.UNDERSTANDING),
        (FaultKind.SLOW, Phase.WAITING),
        (FaultKind.DRIP, Phase.READING),
        (FaultKind.ANSWER, Phase.UNDERSTANDING),
        (FaultKind.RESET_BEFORE_ACCEPTING, Phase.WAITING),
        (FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING, Phase.WAITING),
        (FaultKind.ANSWER_502_BEFORE_ACCEPTING, Phase.READING),
        (FaultKind.HTML_BEFORE_ACCEPTING, Phase.UNDERSTANDING),
    ],
)
def test_whether_or_not_it_was_accepted_a_lost_answer_is_unknown(fault: FaultKind, phase: Phase) -> None:
    with Simulator() as simulator:
        simulator.faults.arm(Fault(kind=fault, seconds=10, text="Please try later."))
        with pytest.raises(OutcomeUnknown) as unknown:
            submit(client_of(simulator, timeouts=QUICK))
        assert len(simulator.truth.arrivals) == 1
    assert unknown.value.phase is phase


def test_a_gateway_that_is_down_is_not_sent() -> None:
    with Simulator() as simulator:
        client = client_of(simulator)
    with pytest.raises(NotSent):
        submit(client)


def test_an_objection_keeps_the_submission_back() -> None:
    def object_to_it() -> None:
        raise LookupError

    with Simulator() as simulator:
        with pytest.raises(NotSent):
            submit(client_of(simulator), before_send=object_to_it)
        assert not simulator.truth.arrivals


def test_threads_may_share_a_client() -> None:
    with Simulator() as simulator, ThreadPoolExecutor(8) as pool:
        client = client_of(simulator)
        accepted = list(pool.map(lambda phone: submit(client, phones=[phone]), PHONES * 8))
        assert {each.session_id: each.phone_count for each in accepted} == {
            session.id: 1 for session in simulator.truth.sessions
        }
        assert simulator.truth.accepted_phones() == dict.fromkeys(PHONES, 8)


def test_an_answer_cut_off_inside_the_id_is_unknown_when_nothing_announced_its_length() -> None:
    cut = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nOK\nsession_id=93816948"
    with raw_server(say(cut)) as server, pytest.raises(OutcomeUnknown):
        submit(client_of(server))


def test_records_of_other_sessions_and_phones_are_not_ours() -> None:
    text = b"9381694821|6175550123|OK||2019-12-09 14:55:42|\n9381694822|6175550124|OK||2019-12-09 14:55:42|"
    with raw_server(say(http(text))) as server:
        client = client_of(server)
        records = client.campaign_result("9381694822", near=NOW)
        assert [record.disposition.phone for record in records] == ["6175550124"]
        assert client.call_status("9381694821", "6175550199", near=NOW) is None


def test_a_result_longer_than_a_submissions_answer_is_read_whole() -> None:
    lines = [f"9381694821|617555{number:04d}|OK||2019-12-09 14:55:42|{'x' * 50}" for number in range(10_000)]
    with raw_server(say(http("\n".join(lines).encode()))) as server:
        assert len(client_of(server).campaign_result("9381694821", near=NOW)) == 10_000


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
        client = client_of(server, password="sesame", timeouts=QUICK)
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
