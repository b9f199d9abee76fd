"""What must be true of a gateway, whoever answers: every call of the client, checked.

Law of the room: a check that only reads may run against a real account. All that begins or ends a session, or might
ring, says so with `needs_leave`; what it begins it ends, and only the one number that was given for it can ring.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from jobs import eastern
from jobs.gateway.downloads import NamedBy
from jobs.gateway.errors import RefusalKind, Rejected
from jobs.gateway.replies import ControlAnswer
from jobs.models import DropState
from tests.conformance.target import Probe

NEVER_GIVEN = "100000000000"
"""A session id that no account has: twelve digits, where those seen have nine to eleven."""

FAR = timedelta(days=30)
PATIENCE = 60
"""How many times, ten seconds apart, a record is asked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold, and the methods of the client that it tries."""

    holds: Callable[[Probe], None]
    methods: tuple[str, ...]
    needs_leave: bool = False

    @property
    def name(self) -> str:
        return self.holds.__name__


@contextmanager
def scheduled(probe: Probe) -> Iterator[str]:
    """A session for a month from now, ended in any case before anybody is called."""
    session_id = probe.submit(start_at=far(probe))
    try:
        yield session_id
    finally:
        end(probe, session_id)


def far(probe: Probe) -> datetime:
    """A month from now, on the full hour."""
    return (probe.now() + FAR).replace(minute=0, second=0, microsecond=0)


def end(probe: Probe, session_id: str) -> ControlAnswer:
    """End what is scheduled; a gateway that refuses `cancel` must take `stop`."""
    try:
        return probe.client.cancel(session_id)
    except Rejected:
        return probe.client.stop(session_id)


def good_credentials_are_taken(probe: Probe) -> None:
    probe.client.user_verify()


def bad_credentials_are_refused(probe: Probe) -> None:
    """Who knows how many tries an account has: only with leave."""
    with pytest.raises(Rejected):
        probe.stranger.user_verify()


def the_balance_is_a_number(probe: Probe) -> None:
    found = probe.client.balance()
    assert found.remaining >= 0
    assert found.pending is None or found.pending >= 0


def a_day_lists_each_session_once(probe: Probe) -> None:
    listed = [each.session_id for each in probe.client.campaign_by_date(eastern.eastern_date(probe.now()))]
    assert len(listed) == len(set(listed))


def a_session_is_listed_on_its_day(probe: Probe) -> None:
    with scheduled(probe) as session_id:
        days = {eastern.eastern_date(probe.now()), eastern.eastern_date(far(probe))}
        assert session_id in {each.session_id for day in days for each in probe.client.campaign_by_date(day)}


def a_session_that_was_never_given_has_no_record(probe: Probe) -> None:
    """Whether it is refused or has no result yet: both are true of it."""
    with suppress(Rejected):
        assert probe.client.call_status(NEVER_GIVEN, "6175550123", near=probe.now()) is None
    with suppress(Rejected):
        assert probe.client.campaign_result(NEVER_GIVEN, near=probe.now()) == []


def a_call_not_made_yet_has_no_record(probe: Probe) -> None:
    with scheduled(probe) as session_id:
        record = probe.client.call_status(session_id, probe.account.phone, near=probe.now())
        records = probe.client.campaign_result(session_id, near=probe.now())
    assert {each.disposition.state for each in [record, *records] if each} <= {DropState.PENDING}


def a_call_gets_one_record_and_both_questions_agree(probe: Probe) -> None:
    """This one rings."""
    session_id, phone = probe.submit(start_at=None), probe.account.phone
    for _ in range(PATIENCE):
        probe.let_pass(timedelta(seconds=10))
        record = probe.client.call_status(session_id, phone, near=probe.now())
        if record and record.disposition.state is not DropState.PENDING:
            break
    assert record is not None
    assert record.disposition.state in {DropState.DELIVERED, DropState.FAILED}
    assert record.disposition.delivered_at is not None
    assert probe.client.campaign_result(session_id, near=probe.now()) == [record]
    assert probe.client.stop(session_id) is ControlAnswer.ALREADY_OVER


def what_cannot_be_sent_is_refused(probe: Probe) -> None:
    try:
        session_id = probe.submit(start_at=probe.now() + timedelta(days=91))
    except Rejected as refused:
        kind = refused.kind
    else:
        end(probe, session_id)
        pytest.fail("a start 91 days ahead was accepted")
    assert kind in {RefusalKind.DATE, RefusalKind.UNKNOWN}


def a_session_is_paused_and_resumed(probe: Probe) -> None:
    with scheduled(probe) as session_id:
        assert probe.client.pause(session_id) is ControlAnswer.DONE
        assert probe.client.resume(session_id) is ControlAnswer.DONE


def what_has_ended_is_over_for_good(probe: Probe) -> None:
    session_id = probe.submit(start_at=far(probe))
    assert end(probe, session_id) is ControlAnswer.DONE
    assert end(probe, session_id) is ControlAnswer.ALREADY_OVER
    assert probe.client.resume(session_id) is ControlAnswer.ALREADY_OVER


def a_running_session_is_stopped(probe: Probe) -> None:
    """This one may ring."""
    session_id = probe.submit(start_at=None)
    assert probe.client.stop(session_id) in {ControlAnswer.DONE, ControlAnswer.ALREADY_OVER}


def no_verb_moves_a_session_that_was_never_given(probe: Probe) -> None:
    for verb in (probe.client.pause, probe.client.resume, probe.client.cancel, probe.client.stop):
        with pytest.raises(Rejected):
            verb(NEVER_GIVEN)


def recordings_are_listed_and_come_whole(probe: Probe) -> None:
    """The first of them, which is then thrown away."""
    listed = probe.client.audio_list(near=probe.now(), with_durations=False)
    timed = probe.client.audio_list(near=probe.now(), with_durations=True)
    assert [each.file for each in listed] == [each.file for each in timed]
    with TemporaryDirectory() as folder:
        for each in listed[:1]:
            probe.client.download_audio(NamedBy.FILE, each.file, to=Path(folder) / "recording")


def a_number_is_put_on_the_do_not_dial_list_and_taken_off(probe: Probe) -> None:
    try:
        probe.client.add_to_do_not_dial([probe.account.phone])
    finally:
        probe.client.remove_from_do_not_dial([probe.account.phone])


CHECKS = (
    Check(good_credentials_are_taken, ("user_verify",)),
    Check(bad_credentials_are_refused, ("user_verify",), needs_leave=True),
    Check(the_balance_is_a_number, ("balance",)),
    Check(a_day_lists_each_session_once, ("campaign_by_date",)),
    Check(recordings_are_listed_and_come_whole, ("audio_list", "download_audio")),
    Check(a_session_is_listed_on_its_day, ("submit", "campaign_by_date"), needs_leave=True),
    Check(a_session_that_was_never_given_has_no_record, ("call_status", "campaign_result")),
    Check(a_call_not_made_yet_has_no_record, ("submit", "call_status", "campaign_result"), needs_leave=True),
    Check(
        a_call_gets_one_record_and_both_questions_agree,
        ("submit", "call_status", "campaign_result", "stop"),
        needs_leave=True,
    ),
    Check(what_cannot_be_sent_is_refused, ("submit",), needs_leave=True),
    Check(a_session_is_paused_and_resumed, ("submit", "pause", "resume", "cancel"), needs_leave=True),
    Check(what_has_ended_is_over_for_good, ("submit", "cancel", "resume"), needs_leave=True),
    Check(a_running_session_is_stopped, ("submit", "stop"), needs_leave=True),
    Check(
        a_number_is_put_on_the_do_not_dial_list_and_taken_off,
        ("add_to_do_not_dial", "remove_from_do_not_dial"),
        needs_leave=True,
    ),
    Check(no_verb_moves_a_session_that_was_never_given, ("pause", "resume", "cancel", "stop"), needs_leave=True),
)
