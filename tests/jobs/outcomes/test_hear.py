"""Postbacks, as a real receiver gets them from the simulator, and as anybody may post them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from urllib.parse import quote_plus

import pytest

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import due, evidence
from jobs.ledger.keys import Due
from jobs.models import DropState, Finding, Intent, SubmissionState
from jobs.outcomes.decide import Asked, give_up
from jobs.outcomes.hear import Heard, hear
from tests.jobs.campaigns.conftest import submission, taken, view
from tests.jobs.outcomes.conftest import (
    PHONES,
    RESEND,
    accepted_but_unknown,
    known_session,
    never_accepted,
    until_planned,
)


@contextmanager
def receiver(desk: Desk) -> Iterator[tuple[str, list[Heard]]]:
    """A receiver's URL, and all that it heard."""
    heard: list[Heard] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(hear(desk, self.path.rpartition("/")[2], body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is http.server's
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/postbacks/", heard
        finally:
            server.shutdown()
            thread.join()


def wait_for(heard: list[Heard], count: int) -> None:
    give_up_at = monotonic() + 60
    while len(heard) < count and monotonic() < give_up_at:
        sleep(0.01)
    assert len(heard) >= count


def posted(session_id: str, phone: str = PHONES[0], status: str = "OK") -> bytes:
    return f"var={quote_plus(f'{session_id}|{phone}|{status}||2026-03-02 12:00:01|t-mobile')}".encode()


def test_a_postback_adopts_what_was_accepted_and_never_answered(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    simulator.change({"postbacks": {"on": True}})
    with receiver(desk) as (url, heard):
        campaign_id = accepted_but_unknown(replace(desk, postbacks_url=url), simulator)
        clock.jump(timedelta(seconds=1))
        wait_for(heard, 1)
        assert heard == [Heard.ADOPTED]
        clock.jump(timedelta(seconds=5))
        wait_for(heard, len(PHONES))
    adopted = submission(desk, campaign_id)
    assert (adopted.state, adopted.accounted) == (SubmissionState.ACCEPTED, len(PHONES))
    assert adopted.session_id == simulator.truth.sessions[0].id
    assert [each.finding for each in evidence.read(desk.redis, adopted.id)] == [Finding.POSTBACK]
    assert not due.stands(desk.redis, Due.SETTLE, adopted.id)
    assert len(simulator.truth.sessions) == 1


def test_a_postback_may_come_before_the_answer(desk: Desk, simulator: Simulator) -> None:
    """The gateway holds its answer back until its first record was posted."""
    simulator.change({"postbacks": {"on": True, "before_answer_s": 2}, "calls_per_second": 1000})
    ticking = Clock(starts_at=desk.clock())
    simulator.gateway.clock = ticking
    with receiver(desk) as (url, heard):
        sending = replace(desk, postbacks_url=url)
        campaign_id = taken(desk, *PHONES).campaign_id
        assert send(sending, f"{campaign_id}-1") is Sent.ACCEPTED
        wait_for(heard, len(PHONES))
    assert heard.count(Heard.ADOPTED) == 1
    assert submission(desk, campaign_id).session_id == simulator.truth.sessions[0].id


def test_what_is_not_ours_changes_nothing_and_is_told(desk: Desk, simulator: Simulator) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    before, token = submission(desk, campaign_id), submission(desk, campaign_id).attempt
    other = known_session(desk)
    of_other = submission(desk, other).session_id
    assert hear(desk, "0" * 32, posted("5000000001")) is Heard.UNKNOWN_TOKEN
    assert hear(desk, "*", posted("5000000001")) is Heard.UNKNOWN_TOKEN
    assert hear(desk, token, posted("5000000001", "2125550102")) is Heard.FOREIGN_PHONE
    assert hear(desk, token, posted(of_other)) is Heard.FOREIGN_SESSION
    for body in (b"", b"var=", b"hello", b"var=1|2|3", b"var=" + b"&a=1" * 30):
        assert hear(desk, token, body) is Heard.UNREADABLE
    assert hear(desk, token, b"\xff" * 9_000) is Heard.OVERSIZED
    assert submission(desk, campaign_id) == before


def test_a_record_is_taken_in_once_and_another_session_of_the_same_attempt_never(
    desk: Desk, simulator: Simulator
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    token = submission(desk, campaign_id).attempt
    assert hear(desk, token, posted("5000000001")) is Heard.ADOPTED
    assert hear(desk, token, posted("5000000001")) is Heard.RECORDED
    assert hear(desk, token, posted("5000000001", "2125550102")) is Heard.FOREIGN_PHONE
    assert hear(desk, token, posted("5000000002", PHONES[1])) is Heard.FOREIGN_SESSION
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 1}


def test_a_postback_of_an_earlier_attempt_has_its_session_stopped(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.change({"listing_lag_s": 36_000})
    known_session(desk)
    clock.jump(timedelta(hours=10))
    campaign_id = accepted_but_unknown(desk, simulator, terms=RESEND)
    stray, token = simulator.truth.sessions[-1], submission(desk, campaign_id).attempt
    until_planned(desk, clock, campaign_id)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    for _ in range(2):
        assert hear(desk, token, posted(stray.id)) is Heard.STRAY
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, on="control", text="try later", times=2))
    control(desk, campaign_id)
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)  # it is told until it is confirmed
    control(desk, campaign_id)
    assert not due.stands(desk.redis, Due.CONTROL, campaign_id)
    assert set(evidence.strays(desk.redis, campaign_id).values()) == {"ended"}
    assert submission(desk, campaign_id).session_id == simulator.truth.sessions[-1].id


@pytest.mark.parametrize("status", ["", "Failure"])
def test_whatever_a_record_says_its_session_is_proof(desk: Desk, simulator: Simulator, status: str) -> None:
    campaign_id = never_accepted(desk, simulator)
    assert hear(desk, submission(desk, campaign_id).attempt, posted("5000000001", status=status)) is Heard.ADOPTED


def test_a_postback_for_what_was_given_up_has_its_session_stopped_where_a_stop_was_asked_for(
    desk: Desk, simulator: Simulator
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    ours = submission(desk, campaign_id)
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    (session,) = simulator.truth.sessions
    assert hear(desk, ours.attempt, posted(session.id)) is Heard.RECORDED
    control(desk, campaign_id)
    assert [each.option for each in simulator.truth.arrivals] == ["new_campaign", "stop"]
    assert submission(desk, campaign_id).state is SubmissionState.GIVEN_UP
