"""One phone goes from everything that is stored; the rest, and every count, stays as it was."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.campaigns import do_not_dial, purge, questions
from jobs.campaigns.desk import Desk
from jobs.campaigns.plan import plan
from jobs.campaigns.purge import Receipt
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import campaigns, dispositions, events, keys, retention, submissions, subscriptions
from jobs.ledger.do_not_dial import Asked, Verb
from jobs.ledger.keys import Events
from jobs.ledger.retention import Purged
from jobs.ledger.texts import Texts
from jobs.models import Disposition, DropState, SubmissionState
from jobs.webhooks import receivers
from tests.jobs.campaigns.conftest import NOON, TERMS, submission, taken, view
from tests.jobs.campaigns.test_reconciliation import snapshot

ANNA, BOB, CYD = "6175550101", "6175550104", "6175550105"


def purged(desk: Desk, phone: str = ANNA, *, why: str = "asked to be forgotten") -> Receipt:
    return purge.purge(desk.redis, phone, Asked("dana", why, "cli", desk.clock()))


def came_to(receipt: Receipt) -> list[Purged]:
    return [each.came_to for each in receipt.places]


def finished(desk: Desk, clock: Clock, *phones: str) -> str:
    campaign_id = taken(desk, *phones).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    return campaign_id


def results(desk: Desk, campaign_id: str) -> dict[str, DropState]:
    return {each.phone: each.state for each in dispositions.read(desk.redis, submission(desk, campaign_id))}


def packed_or_not(value: Any, phone: str) -> bool:
    return int(phone).to_bytes(5, "big") in repr(value).encode() or phone in repr(value)


def test_of_a_campaign_that_is_over_the_phone_and_its_end_are_gone_and_counts_stay(desk: Desk, clock: Clock) -> None:
    campaign_id = finished(desk, clock, ANNA, BOB, CYD)
    before = view(desk, campaign_id)
    receipt = purged(desk)
    assert (came_to(receipt), receipt.is_complete) == ([Purged.REMOVED], True)
    assert results(desk, campaign_id) == {BOB: DropState.FAILED, CYD: DropState.FAILED}
    assert view(desk, campaign_id) == before
    assert purged(desk).places == ()


def test_a_submission_that_is_not_sent_yet_is_sent_without_it(desk: Desk, clock: Clock, simulator: Simulator) -> None:
    campaign_id = taken(desk, ANNA, BOB).campaign_id
    assert came_to(purged(desk)) == [Purged.TAKEN_OUT]
    assert view(desk, campaign_id).phones == {SubmissionState.PLANNED: 1}
    send(desk, f"{campaign_id}-1")
    assert dict(simulator.truth.accepted_phones()) == {BOB: 1}
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    over = view(desk, campaign_id)
    assert over.status == "finished"
    assert over.drops == {DropState.SCREENED: 1, DropState.FAILED: 1}
    assert over.phones == {SubmissionState.FINISHED: 1}


def test_a_session_that_falls_silent_is_closed_for_those_that_are_left(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, ANNA, BOB, "6175550107").campaign_id
    purged(desk)
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    clock.jump(desk.timings.silence)
    refresh(desk, f"{campaign_id}-1")
    assert results(desk, campaign_id) == {BOB: DropState.FAILED, "6175550107": DropState.NO_RECORD}
    assert sum(view(desk, campaign_id).drops.values()) == 3


def test_a_submission_of_which_nobody_is_left_is_not_sent(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, ANNA).campaign_id
    purged(desk)
    assert send(desk, f"{campaign_id}-1") is Sent.WITHDRAWN
    assert view(desk, campaign_id).status.is_final
    assert simulator.truth.sessions == []


def test_where_calls_are_under_way_it_stays_and_is_named_and_goes_later(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, ANNA, BOB).campaign_id
    send(desk, f"{campaign_id}-1")
    receipt = purged(desk)
    assert [(each.submission_id, each.came_to) for each in receipt.held] == [(f"{campaign_id}-1", Purged.HELD)]
    assert submissions.phones(desk.redis, f"{campaign_id}-1") == [ANNA, BOB]
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    assert purged(desk).is_complete
    assert submissions.phones(desk.redis, f"{campaign_id}-1") == [BOB]


def test_rows_that_were_left_out_and_questions_forget_it_too(desk: Desk) -> None:
    rows = plan(
        Row(line, text) for line, text in enumerate([BOB, "617.555.0104", "call 6175550101 now", "n/a"], start=1)
    )
    campaign_id = take(desk.redis, TERMS, rows, key="rows", now=desk.clock(), lead=timedelta()).campaign_id
    for phone in (ANNA, BOB):
        questions.ask(desk.redis, "9381694821", phone, account="default", now=desk.clock())
    receipt = purged(desk)
    assert (receipt.places, receipt.excluded_rows, receipt.questions) == ((), 1, 1)
    assert [row.text for row in campaigns.excluded(desk.redis, campaign_id)] == ["617.555.0104", "(purged)", "n/a"]
    assert not any(packed_or_not(value, ANNA) for value in snapshot(desk.redis).values())


def test_the_do_not_dial_list_keeps_it_and_the_receipt_says_so(desk: Desk) -> None:
    asked = Asked("dana", "a complaint", "cli", desk.clock())
    do_not_dial.change(desk.redis, "default", Verb.ADD, [Row(1, ANNA)], asked)
    assert purged(desk).do_not_dial == ("default",)
    assert do_not_dial.is_listed(desk.redis, "default", ANNA)


def test_receipts_are_kept_and_none_names_the_phone(desk: Desk, clock: Clock) -> None:
    finished(desk, clock, ANNA, BOB)
    first, second = purged(desk), purged(desk, BOB)
    assert purge.receipts(desk.redis) == sorted([first, second], key=lambda each: each.id)
    assert not any(part in repr(first) for part in (ANNA, ANNA[-4:]))


def test_events_that_name_it_are_forgotten_and_others_are_not(desk: Desk, clock: Clock) -> None:
    billing = receivers.new("billing", "https://billing.example/", ["drops"], now=clock.now())
    subscriptions.add(desk.redis, billing)
    finished(desk, clock, ANNA)
    other = taken(desk, BOB, key="april").campaign_id
    send(desk, f"{other}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{other}-1")
    assert (purged(desk).drop_events, purged(desk).drop_events) == (1, 0)
    (left,) = events.after(desk.redis, Events.DROPS, "0-0", most=10)
    assert [each.phone for each in Texts(desk.redis).unpack(left.campaign_id, left.records)] == [BOB]


def test_a_reason_that_names_the_phone_is_kept_without_it(desk: Desk, clock: Clock) -> None:
    finished(desk, clock, ANNA, BOB)
    receipt = purged(desk, why=f"{ANNA} rang, +1 (617) 555-0101, as 617-555-0104 did")
    assert receipt.why == "*** rang, +1 (***, as ***0104 did"
    assert purge.receipts(desk.redis) == [receipt]
    assert not any(packed_or_not(value, ANNA) or "0101" in repr(value) for value in snapshot(desk.redis).values())


def test_a_ledger_that_does_not_know_who_has_phones_finds_them_all(desk: Desk, clock: Clock) -> None:
    campaign_id = finished(desk, clock, ANNA, BOB)
    desk.redis.delete(keys.WITH_PHONES)
    later = taken(desk, ANNA, key="later").campaign_id
    receipt = purged(desk)
    assert {each.campaign_id for each in receipt.places} == {campaign_id, later}
    assert submissions.phones(desk.redis, f"{campaign_id}-1") == [BOB]


class WhilePurging(Redis):
    """A connection to the same ledger; between any two of its commands somebody purges Anna."""

    def __init__(self, other: Redis, submission_id: str) -> None:
        super().__init__(connection_pool=other.connection_pool)
        self._purge = partial(retention.purge, other, submission_id, ANNA)

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        answer = super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py's
        self._purge()
        return answer


def test_who_reads_beside_a_purge_gets_everybody_with_the_own_end(desk: Desk, clock: Clock) -> None:
    campaign_id = finished(desk, clock, ANNA, BOB, CYD)
    own, before = submission(desk, campaign_id), results(desk, campaign_id)
    beside = WhilePurging(desk.redis, own.id)
    assert {each.phone: each.state for each in dispositions.read(beside, own)} == before
    assert results(desk, campaign_id) == {phone: before[phone] for phone in (BOB, CYD)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phones=st.sets(st.integers(2_002_000_000, 9_899_999_999), min_size=1, max_size=12), pick=st.integers(0, 11))
def test_whichever_phone_goes_the_others_keep_their_ends(redis: Redis, phones: set[int], pick: int) -> None:
    redis.flushdb()
    ours = sorted(map(str, phones))
    gone = ours[pick % len(ours)]
    new = campaigns.NewCampaign("bcdf", "k", {}, TERMS, len(ours), [ours], [], NOON)
    campaigns.take(redis, new, now=NOON, keep_key=timedelta(days=1))
    (found,) = submissions.read(redis, ["bcdf-1"])
    ends = {phone: DropState.DELIVERED if at % 2 else DropState.FAILED for at, phone in enumerate(ours)}
    records = [
        Disposition(phone, state, "OK" if state is DropState.DELIVERED else "Failure") for phone, state in ends.items()
    ]
    dispositions.record(redis, found, records[: len(records) // 2 + 1], now=NOON)
    submissions.move(redis, found, SubmissionState.WITHDRAWN, now=NOON)
    before = {each.phone: each for each in dispositions.read(redis, found)}
    assert retention.purge(redis, "bcdf-1", gone) is Purged.REMOVED
    assert {each.phone: each for each in dispositions.read(redis, found)} == {
        phone: each for phone, each in before.items() if phone != gone
    }
    assert retention.purge(redis, "bcdf-1", gone) is Purged.ABSENT


@pytest.mark.parametrize("absent", ["2125550199", "9895550199", "6175550102"])
def test_a_phone_that_is_nowhere_changes_nothing(desk: Desk, clock: Clock, absent: str) -> None:
    campaign_id = finished(desk, clock, ANNA, BOB)
    receipt = purged(desk, absent)
    assert (receipt.places, receipt.is_complete) == ((), True)
    assert len(results(desk, campaign_id)) == 2
