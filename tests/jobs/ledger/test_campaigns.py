"""A campaign is taken whole, once for its key, and counts add up from the first moment."""

import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from jobs.ledger import campaigns, due, keys, submissions
from jobs.ledger.keys import Due
from jobs.models import ExcludedRow, Intent, SubmissionState
from tests.jobs.ledger.conftest import NOW, TERMS, new_campaign, taken

KEEP = timedelta(days=180)


def test_a_taken_campaign_is_there_with_its_submissions_and_phones(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123", "2125550101"], ["3105550102"])
    view = campaigns.read(ledger, campaign_id)
    assert view is not None
    assert (view.terms, view.key, view.intent, view.created_at) == (TERMS, "march", Intent.RUN, NOW)
    assert (view.rows, view.phone_count, view.excluded_count, view.submission_count) == (4, 3, 1, 2)
    assert view.submissions == {SubmissionState.PLANNED: 2}
    assert view.phones == {SubmissionState.PLANNED: 3}
    assert campaigns.excluded(ledger, campaign_id) == [ExcludedRow(7, "not a phone", "not_a_number")]
    first, second = campaigns.submission_ids(ledger, campaign_id)
    assert submissions.phones(ledger, first) == ["2125550101", "6175550123"]
    assert submissions.phones(ledger, second) == ["3105550102"]
    assert due.ring(ledger, Due.SEND, now=NOW, most=10, again_after=timedelta(seconds=30)) == [first, second]


def test_a_campaign_for_later_is_due_when_it_says(ledger: Redis) -> None:
    later = NOW + timedelta(hours=1)
    taken(ledger, ["6175550123"], due_at=later)
    assert due.count(ledger, Due.SEND, by=NOW) == 0
    assert due.count(ledger, Due.SEND, by=later) == 1


def test_a_key_belongs_to_the_first_campaign_that_used_it(ledger: Redis) -> None:
    first = campaigns.take(ledger, new_campaign(["6175550123"]), now=NOW, keep_key=KEEP)
    second = campaigns.take(ledger, new_campaign(["6175550124"], campaign_id="other"), now=NOW, keep_key=KEEP)
    assert second == first == campaigns.holder(ledger, "march")
    assert campaigns.read(ledger, "other") is None
    assert [view.id for view in campaigns.newest(ledger, most=10)] == [first.campaign_id]


def test_a_retransmitted_take_changes_nothing(ledger: Redis) -> None:
    new = new_campaign(["6175550123"])
    assert campaigns.take(ledger, new, now=NOW, keep_key=KEEP) == campaigns.take(ledger, new, now=NOW, keep_key=KEEP)
    view = campaigns.read(ledger, new.id)
    assert view is not None
    assert view.submissions == {SubmissionState.PLANNED: 1}


def test_a_key_is_kept_as_long_as_promised(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    assert timedelta(days=100) < timedelta(seconds=ledger.ttl("dropline:key:march")) <= KEEP


def test_the_newest_campaign_is_listed_first(ledger: Redis) -> None:
    for number in range(3):
        new = new_campaign(["6175550123"], campaign_id=f"c{number}", key=f"k{number}")
        campaigns.take(ledger, new, now=NOW + timedelta(seconds=number), keep_key=KEEP)
    assert [view.id for view in campaigns.newest(ledger, most=2)] == ["c2", "c1"]


def test_an_end_is_never_taken_back(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    assert campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="lunch", now=NOW) is Intent.PAUSE
    assert campaigns.intend(ledger, campaign_id, Intent.STOP, note="wrong list", now=NOW) is Intent.STOP
    assert campaigns.intend(ledger, campaign_id, Intent.RUN, note="", now=NOW) is Intent.STOP
    view = campaigns.read(ledger, campaign_id)
    assert view is not None
    assert view.note == "wrong list"


def test_a_request_that_comes_back_or_comes_late_undoes_nothing(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])

    def ask(intent: Intent, request: str, after_s: int) -> Intent:
        asked_at = NOW + timedelta(seconds=after_s)
        now = NOW + timedelta(minutes=1)
        campaigns.intend(ledger, campaign_id, intent, note="", now=now, asked_at=asked_at, request=request)
        view = campaigns.read(ledger, campaign_id)
        assert view is not None
        return view.intent

    assert ask(Intent.PAUSE, "a", 10) is Intent.PAUSE
    assert ask(Intent.RUN, "b", 20) is Intent.RUN
    due.remove(ledger, Due.CONTROL, [campaign_id])
    assert ask(Intent.PAUSE, "a", 30) is Intent.RUN
    assert due.stands(ledger, Due.CONTROL, campaign_id)
    assert ask(Intent.PAUSE, "c", 15) is Intent.RUN
    assert ask(Intent.STOP, "d", 5) is Intent.STOP


def test_nobody_can_be_told_anything_about_an_unknown_campaign(ledger: Redis) -> None:
    assert campaigns.intend(ledger, "nobody", Intent.STOP, note="", now=NOW) is None
    assert due.count(ledger, Due.CONTROL) == 0


def test_carrying_out_an_old_intent_leaves_the_new_one_due(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="", now=NOW)
    seen = campaigns.read(ledger, campaign_id)
    assert seen is not None
    campaigns.intend(ledger, campaign_id, Intent.RUN, note="", now=NOW)
    campaigns.carried_out(ledger, seen, now=NOW)
    assert due.stands(ledger, Due.CONTROL, campaign_id)
    newest = campaigns.read(ledger, campaign_id)
    assert newest is not None
    campaigns.carried_out(ledger, newest, now=NOW)
    assert not due.stands(ledger, Due.CONTROL, campaign_id)


def test_a_copy_of_a_request_that_arrives_late_undoes_nothing(ledger: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    sent: list[tuple[Any, ...]] = []
    campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="", now=NOW)
    send: Callable[..., Any] = ledger.execute_command

    def note_and_send(*command: Any) -> Any:
        sent.append(command)
        return send(*command)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "execute_command", note_and_send)
        assert campaigns.intend(ledger, campaign_id, Intent.RUN, note="", now=NOW) is Intent.RUN
    assert campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="", now=NOW) is Intent.PAUSE
    send(*sent[-1])  # its answer did not come in time, and it was sent again over another connection
    campaign = campaigns.read(ledger, campaign_id)
    assert campaign is not None
    assert campaign.intent is Intent.PAUSE


def test_every_change_of_what_is_wanted_is_kept_with_who_and_why(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="lunch", now=NOW, by="dana")
    campaigns.intend(ledger, campaign_id, Intent.PAUSE, note="lunch", now=NOW, by="dana")
    campaigns.intend(ledger, campaign_id, Intent.RUN, note="", now=NOW + timedelta(hours=1))
    assert campaigns.requests(ledger, campaign_id) == [
        campaigns.Request(Intent.PAUSE, NOW, "dana", "lunch"),
        campaigns.Request(Intent.RUN, NOW + timedelta(hours=1), "", ""),
    ]


def test_what_was_left_out_is_counted_without_reading_the_rows(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    ledger.delete(keys.excluded(campaign_id))
    assert campaigns.excluded_by_reason(ledger, campaign_id) == {"not_a_number": 1}


def test_rows_left_out_before_the_kept_line_was_stored_are_read(ledger: Redis) -> None:
    ledger.set(keys.excluded("bcdf"), zlib.compress(b'[[7, "not a phone", "not_a_number"]]'))
    assert campaigns.excluded(ledger, "bcdf") == [ExcludedRow(7, "not a phone", "not_a_number", None)]


def test_a_campaign_from_before_rows_were_counted_counts_them(ledger: Redis) -> None:
    campaign_id = taken(ledger, ["6175550123"])
    ledger.hdel(keys.campaign(campaign_id), "x:not_a_number")
    assert campaigns.excluded_by_reason(ledger, campaign_id) == {"not_a_number": 1}
