"""A day in the ledger against the gateway's listing: what is different is named, all of it and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from jobs import reconciliation
from jobs.campaigns.days import may_be_listed_under
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.gateway.simulator.campaigns import new_campaign
from jobs.gateway.simulator.gateway import Caller
from jobs.gateway.simulator.replies import Accepted
from jobs.ledger import campaigns, claims, days, dispositions, keys, retention, submissions
from jobs.ledger.fields import to_ms
from jobs.ledger.retention import Purged
from jobs.models import Disposition, DropState, Submission, SubmissionState, Terms
from jobs.models.reports import DayReport
from tests.jobs.campaigns.conftest import NOON, at_gateway, submission, taken, view
from tests.servers import free_port

DAY = date(2026, 3, 2)
TOMORROW = timedelta(days=1)
AFTER_MIDNIGHT = timedelta(hours=13)
DELIVERED, BUSY, LANDLINE = "6175550101", "6175550104", "6175550105"


def reconcile(desk: Desk, day: date = DAY) -> DayReport:
    """The whole day, anew, as a person has it done."""
    reconciliation.begin(desk.redis, "default", day, anew=True)
    step = reconciliation.reconcile(desk, "default", day)
    assert step.report
    return step.report


def sent(desk: Desk, *phones: str, key: str = "march", **terms: Any) -> Submission:
    """A submission of ours that the gateway has."""
    stated = Terms(caller_id="6175550100", audio_title="Reminder", title="March", **terms)
    campaign_id = taken(desk, *phones, key=key, terms=stated).campaign_id
    send(desk, f"{campaign_id}-1")
    return submission(desk, campaign_id)


def begun_elsewhere(simulator: Simulator, *phones: str, date_text: str = "now") -> str:
    """A session that somebody else began through the same account."""
    fields = {
        "c_record_audio": "Reminder",
        "c_callerID": "6175550100",
        "c_date": date_text,
        "c_phone": ",".join(phones),
    }
    caller = Caller("demo", simulator.gateway.settings.accounts["demo"])
    reply = new_campaign(simulator.gateway, caller, fields)
    assert isinstance(reply, Accepted)
    return reply.session_id


def unlisted(simulator: Simulator, session_id: str) -> None:
    """The gateway forgets a session."""
    del simulator.truth._sessions[session_id]


def snapshot(redis: Redis) -> dict[bytes, Any]:
    """Everything in the ledger but how a comparison under way is named."""
    kinds: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": redis.hgetall,
        b"string": redis.get,
        b"set": redis.smembers,
        b"stream": redis.xrange,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    found = (key for key in redis.scan_iter("dropline:*") if not key.startswith((b"dropline:slots", b"dropline:line")))
    return {key: kinds[bytes(redis.type(key))](key) for key in found}  # type: ignore[arg-type]


def test_a_day_on_which_both_say_the_same_is_clean(desk: Desk, clock: Clock) -> None:
    ours = sent(desk, DELIVERED, BUSY, LANDLINE)
    clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    assert (report.is_clean, report.listed, report.matched, report.open) == (True, 1, 1, 0)
    assert submission(desk, ours.campaign_id).state is SubmissionState.FINISHED


def test_a_session_that_still_runs_leaves_the_day_open(desk: Desk, clock: Clock) -> None:
    sent(desk, DELIVERED, BUSY)
    report = reconcile(desk)
    assert (report.is_done, report.open, report.other_counts.total) == (False, 1, 0)
    clock.jump(timedelta(minutes=1))
    reconciliation.begin(desk.redis, "default", DAY)
    step = reconciliation.reconcile(desk, "default", DAY)
    assert step.report
    assert step.report.is_clean


def test_a_day_that_still_runs_is_told_so_far_and_compared_again_when_it_is_over(
    desk: Desk, clock: Clock, simulator: Simulator
) -> None:
    sent(desk, DELIVERED)
    clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    assert (report.is_clean, report.is_done, report.is_over, report.is_final) == (True, True, False, False)
    stranger = begun_elsewhere(simulator, "2125550101")
    clock.jump(AFTER_MIDNIGHT)
    assert reconciliation.missed_days(desk.redis, "default", now=clock.now()) == [DAY]
    report = reconcile(desk)
    assert ([each.session_id for each in report.outside.named], report.is_final) == ([stranger], True)
    assert reconciliation.missed_days(desk.redis, "default", now=clock.now()) == []


def test_a_session_that_nobody_here_began_is_flagged_with_its_counts(desk: Desk, simulator: Simulator) -> None:
    session_id = begun_elsewhere(simulator, DELIVERED, BUSY)
    simulator.clock.jump(timedelta(minutes=1))
    (found,) = reconcile(desk).outside.named
    assert (found.session_id, found.outcomes) == (session_id, {"OK": 1, "Failure: Voicemail Busy": 1})


def test_a_session_that_the_gateway_lacks_is_missing_and_nothing_is_moved(desk: Desk, simulator: Simulator) -> None:
    lost, kept = sent(desk, DELIVERED, key="lost"), sent(desk, BUSY, key="kept")
    unlisted(simulator, lost.session_id)
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    assert [each.submission_id for each in report.missing.named] == [lost.id]
    assert submission(desk, lost.campaign_id).state is SubmissionState.ACCEPTED
    assert (report.matched, report.is_done) == (1, True)
    assert kept.id not in report.model_dump_json()


@pytest.mark.parametrize("fault", [FaultKind.HTML, FaultKind.HALF_BODY, FaultKind.ANSWER])
def test_from_a_listing_that_is_empty_or_unreadable_nothing_is_concluded(
    desk: Desk, simulator: Simulator, fault: FaultKind
) -> None:
    sent(desk, DELIVERED)
    simulator.clock.jump(timedelta(minutes=1))
    simulator.faults.arm(Fault(kind=fault, on="question", text="", times=0))
    report = reconcile(desk)
    assert (report.is_done, report.missing.total, bool(report.trouble)) == (False, 0, True)
    assert reconciliation.missed_days(desk.redis, "default", now=desk.clock() + TOMORROW) == [DAY]
    simulator.faults.clear()
    simulator.clock.jump(AFTER_MIDNIGHT)
    assert reconcile(desk).is_clean
    assert reconciliation.missed_days(desk.redis, "default", now=desk.clock()) == []


def test_a_day_that_the_gateway_never_lists_is_asked_about_for_two_weeks(desk: Desk, simulator: Simulator) -> None:
    unlisted(simulator, sent(desk, DELIVERED).session_id)
    reconciliation.begin(desk.redis, "default", DAY)
    again_at = reconciliation.reconcile(desk, "default", DAY).again_at
    assert again_at is not None
    assert again_at > desk.clock()
    simulator.clock.jump(timedelta(days=reconciliation.MOST_DAYS + 1))
    assert reconciliation.reconcile(desk, "default", DAY).again_at is None


def test_an_empty_listing_of_a_day_without_sessions_of_ours_is_the_whole_story(desk: Desk) -> None:
    assert reconcile(desk).is_clean


def test_a_day_that_was_done_stays_done_when_the_gateway_is_down_at_another_look(desk: Desk, clock: Clock) -> None:
    clock.jump(AFTER_MIDNIGHT)
    reconcile(desk)
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    reconciliation.begin(desk.redis, "default", DAY, anew=True)
    step = reconciliation.reconcile(nobody, "default", DAY)
    assert step.report
    assert "not reached" in step.report.trouble
    kept = days.read(desk.redis, "default", DAY)
    assert kept
    assert (kept.is_done, kept.is_compared, kept.is_clean) == (True, True, False)
    assert reconciliation.missed_days(desk.redis, "default", now=desk.clock()) == []
    again = reconcile(desk)
    assert (again.is_clean, again.failed_at, again.found_at) == (True, None, kept.found_at)


def test_records_that_are_new_are_merged_and_those_that_contradict_are_named(desk: Desk, clock: Clock) -> None:
    ours = sent(desk, DELIVERED, BUSY)
    believed = Disposition(BUSY, DropState.DELIVERED, "OK")
    dispositions.record(desk.redis, ours, [believed], now=clock.now())
    clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    (found,) = report.contrary.named
    assert (found.place, found.phone, found.here, found.there) == (1, "***0104", "delivered", "failed")
    assert BUSY not in report.model_dump_json()
    assert {each.state for each in dispositions.read(desk.redis, ours)} == {DropState.DELIVERED}


def test_counts_that_the_gateway_has_otherwise_are_named(desk: Desk, clock: Clock, simulator: Simulator) -> None:
    ours = sent(desk, DELIVERED, BUSY)
    desk.redis.hset(keys.submission(ours.id), "gateway_count", 3)
    simulator.truth.sessions[0].phones = (DELIVERED, "2125550101")
    clock.jump(timedelta(minutes=1))
    (found,) = reconcile(desk).other_counts.named
    assert (found.submission_id, found.sent, found.taken, found.recorded, found.foreign) == (ours.id, 2, 3, 2, 1)


def test_a_session_on_its_way_at_midnight_is_missing_once_and_not_where_it_may_be_later(
    desk: Desk, clock: Clock, simulator: Simulator
) -> None:
    clock.jump_to(NOON + timedelta(hours=11, minutes=55))
    start = NOON + timedelta(hours=12, minutes=5)
    lost, kept = (sent(desk, phone, key=phone, start=start) for phone in (DELIVERED, BUSY))
    begun_elsewhere(simulator, "2125550101")
    unlisted(simulator, lost.session_id)
    clock.jump(timedelta(hours=1))
    assert reconcile(desk).missing.total == 0
    assert [each.submission_id for each in reconcile(desk, DAY + TOMORROW).missing.named] == [lost.id]
    simulator.change({"day_of": "acceptance"})
    assert reconcile(desk).matched == 1
    begun_elsewhere(simulator, "2125550102")
    assert [each.submission_id for each in reconcile(desk, DAY + TOMORROW).missing.named] == [lost.id]
    assert kept.session_id != lost.session_id


def test_a_gateway_that_keeps_to_its_limits_is_asked_in_several_jobs(desk: Desk, clock: Clock) -> None:
    for number in range(3):
        sent(desk, f"617555020{number}", key=str(number))
    clock.jump(timedelta(minutes=1))
    reconciliation.begin(desk.redis, "default", DAY)
    alone, looks = replace(desk, concurrency=1), iter([True, False, False, True, False, True])
    steps = [reconciliation.reconcile(alone, "default", DAY, may_go_on=lambda: next(looks)) for _ in range(3)]
    assert [step.report is None for step in steps] == [True, True, False]
    assert steps[-1].report
    assert steps[-1].report.is_clean


def test_days_that_were_missed_are_made_up_for_but_not_all_of_history(redis: Redis) -> None:
    def missed(now: datetime) -> list[date]:
        return reconciliation.missed_days(redis, "default", now=now)

    assert missed(NOON + TOMORROW) == [DAY]
    reconciliation.begin(redis, "default", DAY)
    assert missed(NOON + 3 * TOMORROW) == [DAY, DAY + TOMORROW, DAY + 2 * TOMORROW]
    days.keep(redis, DayReport(account="default", day=DAY, found_at=NOON, is_done=True))
    assert missed(NOON + 3 * TOMORROW) == [DAY + TOMORROW, DAY + 2 * TOMORROW]
    assert len(missed(NOON + 100 * TOMORROW)) == reconciliation.MOST_DAYS
    assert [each.day for each in days.newest(redis, "default", most=60)] == [DAY]  # as long as its report is kept
    missed(NOON + days.KEEP_REPORTS + 2 * TOMORROW)
    assert days.newest(redis, "default", most=60) == []


def test_who_compares_today_before_any_other_day_does_not_hide_yesterday(redis: Redis) -> None:
    reconciliation.begin(redis, "default", DAY)
    assert reconciliation.missed_days(redis, "default", now=NOON) == [DAY - TOMORROW]
    assert reconciliation.missed_days(redis, "default", now=NOON + TOMORROW) == [DAY]


def test_after_an_outage_of_three_days_the_next_one_names_what_each_of_them_has(
    desk: Desk, clock: Clock, simulator: Simulator
) -> None:
    lost, strangers, began_at = [], [], clock.now()
    for number in range(4):
        clock.jump_to(began_at + number * TOMORROW)
        sent(desk, DELIVERED, key=f"kept {number}")
        lost.append(sent(desk, BUSY, key=f"lost {number}"))
        strangers.append(begun_elsewhere(simulator, "2125550101"))
        unlisted(simulator, lost[-1].session_id)
        clock.jump(timedelta(minutes=1))
        if number == 0:
            clock.jump(AFTER_MIDNIGHT)
            reconcile(desk)  # and then nobody does, until the fifth day
    clock.jump_to(began_at + 4 * TOMORROW)
    missed = reconciliation.missed_days(desk.redis, "default", now=clock.now())
    assert missed == [DAY + number * TOMORROW for number in (1, 2, 3)]
    for number, day in enumerate(missed, start=1):
        reconciliation.begin(desk.redis, "default", day)
        report = reconciliation.reconcile(desk, "default", day).report
        assert report
        assert [each.submission_id for each in report.missing.named] == [lost[number].id]
        assert [each.session_id for each in report.outside.named] == [strangers[number]]
        assert (report.matched, report.is_done) == (1, True)
    assert reconciliation.missed_days(desk.redis, "default", now=clock.now()) == []


SESSIONS = 1_000


def big_day(desk: Desk, simulator: Simulator) -> list[Submission]:
    """So many sessions of two phones each, which both know."""
    phones = [str(2_125_552_000 + number) for number in range(SESSIONS * 2)]
    chunks = [phones[at : at + 2] for at in range(0, len(phones), 2)]
    terms, now = Terms(caller_id="6175550100", audio_title="Reminder"), desk.clock()
    new = campaigns.NewCampaign("bcdf", "big", {}, terms, len(phones), chunks, [], now)
    campaigns.take(desk.redis, new, now=now, keep_key=timedelta(days=1))
    for index, chunk in enumerate(chunks, start=1):
        accept(desk, f"bcdf-{index}", begun_elsewhere(simulator, *chunk))
    return submissions.read(desk.redis, campaigns.submission_ids(desk.redis, "bcdf"))


def accept(desk: Desk, submission_id: str, session_id: str) -> None:
    """As a sender moves it."""
    now = desk.clock()
    claims.claim(desk.redis, submission_id, attempt="a", now=now, until=now)
    (found,) = submissions.read(desk.redis, [submission_id])
    listed_under = may_be_listed_under(view(desk, "bcdf"), sent_at=now, until=now)
    submissions.move(desk.redis, found, SubmissionState.SENDING, now=now, listed_under=listed_under, sent_at=to_ms(now))
    submissions.move(
        desk.redis,
        found,
        SubmissionState.ACCEPTED,
        now=now,
        session_key=keys.session("default", session_id),
        session_id=session_id,
        gateway_count=2,
    )


@pytest.mark.thorough
def test_of_a_thousand_sessions_exactly_the_few_that_differ_are_named_and_twice_the_same(
    desk: Desk, redis: Redis, simulator: Simulator
) -> None:
    desk = replace(desk, redis=redis)
    ours = big_day(desk, simulator)
    for lost in ours[:2]:
        unlisted(simulator, lost.session_id)
    strangers = [begun_elsewhere(simulator, f"{area}5550101") for area in (312, 313, 314)]
    redis.hset(keys.submission(ours[2].id), "gateway_count", 1)
    simulator.clock.jump(AFTER_MIDNIGHT)

    first = reconcile(desk)
    assert (first.listed, first.matched, first.is_done) == (SESSIONS + 1, SESSIONS - 2, True)
    assert [each.submission_id for each in first.missing.named] == sorted(each.id for each in ours[:2])
    assert sorted(each.session_id for each in first.outside.named) == sorted(strangers)
    assert [each.submission_id for each in first.other_counts.named] == [ours[2].id]
    assert (first.contrary.total, first.unread.total, first.handed_over.total) == (0, 0, 0)

    before = snapshot(redis)
    simulator.clock.jump(timedelta(minutes=5))
    assert reconcile(desk) == first
    assert snapshot(redis) == before


def test_what_was_purged_here_is_no_stranger_there(desk: Desk, clock: Clock) -> None:
    own = sent(desk, DELIVERED, BUSY, LANDLINE)
    clock.jump(timedelta(minutes=1))
    assert reconcile(desk).is_clean
    retention.purge(desk.redis, own.id, BUSY)
    assert reconcile(desk).is_clean
    retention.purge(desk.redis, own.id, LANDLINE)
    assert reconcile(desk).is_clean


def test_what_was_purged_before_it_was_sent_hides_no_stranger(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, DELIVERED, BUSY).campaign_id
    assert retention.purge(desk.redis, f"{campaign_id}-1", BUSY) is Purged.TAKEN_OUT
    send(desk, f"{campaign_id}-1")
    assert submission(desk, campaign_id).purged_count == 0
