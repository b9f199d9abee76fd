"""What comes back to the client: from a whole gateway, in every dialect and with every fault, and from bare sockets."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.gateway.client import Dialect, GatewayClient
from jobs.gateway.errors import NotSent, OutcomeUnknown, Phase, RefusalKind, Rejected
from jobs.gateway.replies import Balance, ControlAnswer, ListedSession
from jobs.gateway.simulator import Account, Clock, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator import Dialect as Spelling
from jobs.models import DropState, Terms
from tests.jobs.gateway.clients import NOW, PATIENT, PHONES, QUICK, TODAY, client_of, everywhere, submit
from tests.jobs.gateway.spellings import SPELLINGS
from tests.jobs.gateway.wire import http, raw_server, say


@everywhere
@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
def test_a_campaign_runs_its_course_in_every_dialect(dialect: Dialect, spelling: Spelling) -> None:
    clock = Clock(starts_at=NOW, stopped=True)
    with Simulator(Settings(dialect=spelling), clock=clock) as simulator:
        client = client_of(simulator, dialect)
        accepted = submit(client, title="Spring sale")
        (session,) = simulator.truth.sessions
        assert (accepted.session_id, accepted.phone_count) == (session.id, 10 if spelling.count == "sent" else None)
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
        assert [each.session_id for each in client.campaign_by_date(TODAY)] == [session.id]
        assert client.campaign_by_date(TODAY - timedelta(days=1)) == []
        delivered = session.counts(clock.now())["delivered"]
        assert client.balance() == Balance(remaining=999_999 - delivered, pending=0)
        client.user_verify()


@everywhere
@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
def test_refusals_are_told_apart_in_every_dialect(dialect: Dialect, spelling: Spelling) -> None:
    accounts = {"demo": Account(credits=5)}
    with Simulator(Settings(dialect=spelling, accounts=accounts), clock=Clock(starts_at=NOW)) as simulator:
        client = client_of(simulator, dialect)
        stranger = client_of(simulator, dialect, password="wrong")
        assert kind_of(lambda: submit(client)) is RefusalKind.CREDITS
        assert {kind_of(call) for call in questions(stranger)} == {RefusalKind.CREDENTIALS}
        assert kind_of(lambda: submit(client, start_at=NOW + timedelta(days=91))) is RefusalKind.DATE
        nobody = Terms(caller_id="6175550100", audio_title="Nothing")
        assert kind_of(lambda: submit(client, nobody)) is RefusalKind.AUDIO
        assert kind_of(lambda: client.stop("9381694821")) is RefusalKind.NOT_FOUND
        assert not simulator.truth.sessions


def questions(client: GatewayClient) -> list[Callable[[], object]]:
    """Each call of the client that needs no session, ready to be made."""
    return [lambda: submit(client), client.balance, client.user_verify, lambda: client.campaign_by_date(TODAY)]


def kind_of(call: Callable[[], object]) -> RefusalKind:
    with pytest.raises(Rejected) as refused:
        call()
    return refused.value.kind


SILENT = {
    FaultKind.ACCEPT_THEN_NEVER_ANSWER,
    FaultKind.ACCEPT_LATE,
    FaultKind.SLOW,
    FaultKind.DRIP,
    FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING,
}
"""Only these are waited for in vain; of the others a slow machine must not lose the answer."""


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
@everywhere
def test_whether_or_not_it_was_accepted_a_lost_answer_is_unknown(
    dialect: Dialect, fault: FaultKind, phase: Phase
) -> None:
    with Simulator() as simulator:
        simulator.faults.arm(Fault(kind=fault, seconds=10, text="Please try later."))
        with pytest.raises(OutcomeUnknown) as unknown:
            submit(client_of(simulator, dialect, timeouts=QUICK if fault in SILENT else PATIENT))
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


UNANNOUNCED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def listed(answer: bytes) -> list[ListedSession]:
    with raw_server(say(answer)) as server:
        return client_of(server).campaign_by_date(TODAY)


def test_a_day_without_sessions_is_told_from_a_listing_that_cannot_be_read() -> None:
    assert listed(http(b"")) == []
    assert listed(http(b"9381694821\n83242792891")) == [
        ListedSession("9381694821", ""),
        ListedSession("83242792891", ""),
    ]
    assert listed(UNANNOUNCED + b'["9381694821"]') == [ListedSession("9381694821", "")]


@pytest.mark.parametrize(
    "answer",
    [
        UNANNOUNCED,
        UNANNOUNCED + b"9381694821\n83242792891",
        http(b"9381694821\n", length=22),
        http(b'["9381694821", "832'),
        http(b"no sessions for you"),
        http(b"<html>"),
        http(b"", "503 Service Unavailable"),
    ],
)
def test_a_listing_that_may_be_incomplete_is_unknown(answer: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        listed(answer)


def test_a_balance_cut_inside_its_number_is_not_believed() -> None:
    with raw_server(say(UNANNOUNCED + b"remaining messages=123")) as server, pytest.raises(OutcomeUnknown):
        client_of(server).balance()
    with raw_server(say(UNANNOUNCED + b"remaining messages=12345\npending messages=1")) as server:
        assert client_of(server).balance() == Balance(12345, None)


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
