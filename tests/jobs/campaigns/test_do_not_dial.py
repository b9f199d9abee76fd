"""Stop wins: from the moment a number is on the list nothing new is sent to it, and every count still adds up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.campaigns import do_not_dial
from jobs.campaigns.desk import Desk
from jobs.campaigns.do_not_dial import Asked, Changed, Screening, Verb
from jobs.campaigns.plan import Excluded
from jobs.campaigns.refresh import Refreshed, refresh
from jobs.campaigns.send import Sent, send
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.ledger import campaigns, claims, dispositions, due, submissions
from jobs.ledger import do_not_dial as lists
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, DropState, ExcludedRow, InvalidCampaign, Submission, SubmissionState
from jobs.phones import Refusal
from tests.jobs.campaigns.conftest import NOON, TERMS, at_gateway, submission, taken, view
from tests.servers import free_port

ANNA, BOB, CARL = "2125550121", "6175550122", "9995550123"
ASKED = Asked(by="dana", why="called and asked", source="cli", at=NOON)


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """Postbacks have nowhere to go here, and everybody has a mailbox."""
    switches = Settings(calls_per_second=1, failure_share=0, postbacks={"on": False})
    with Simulator(switches, clock=clock) as running:
        yield running


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    """A campaign of one submission, to three people."""
    return taken(desk, ANNA, BOB, CARL).campaign_id


def add(desk: Desk, *phones: str, account: str = "default") -> Changed:
    return change(desk, Verb.ADD, *phones, account=account)


def change(desk: Desk, verb: Verb, *texts: str, account: str = "default") -> Changed:
    rows = [Row(line, text) for line, text in enumerate(texts, start=1)]
    return do_not_dial.change(desk.redis, account, verb, rows, ASKED)


def rung(simulator: Simulator) -> set[str]:
    return set(simulator.truth.accepted_phones())


def assert_it_adds_up(desk: Desk, campaign_id: str) -> None:
    """Every row is somewhere, and in one place only."""
    found = view(desk, campaign_id)
    assert found.rows == found.phone_count + found.excluded_count
    assert sum(found.phones.values()) + found.drops.get(DropState.SCREENED, 0) == found.phone_count
    ends = [
        each.state
        for one in submissions.read(desk.redis, campaigns.submission_ids(desk.redis, campaign_id))
        for each in dispositions.read(desk.redis, one)
    ]
    assert {state: ends.count(state) for state in ends if state is not DropState.PENDING} == dict(found.drops)


# Which numbers come in


def test_rows_are_normalised_and_a_bad_one_is_refused_by_row(desk: Desk) -> None:
    came_to = add(desk, "(212) 555-0121", "n/a", "+1 617 555 0122", "1-212-555-0121", "")
    assert came_to.refused == (Excluded(2, "n/a", Refusal.NOT_A_NUMBER), Excluded(5, "", Refusal.EMPTY))
    assert (came_to.row_count, came_to.changed, came_to.unchanged) == (5, 2, 1)
    assert do_not_dial.is_listed(desk.redis, "default", ANNA)
    assert not do_not_dial.is_listed(desk.redis, "default", CARL)


def test_an_import_of_many_is_written_in_steps_and_may_be_repeated(desk: Desk) -> None:
    phones = [f"617555{number:04}" for number in range(1_234)]
    assert add(desk, *phones, *phones[:10]).changed == 1_234
    assert add(desk, *phones).unchanged == 1_234
    assert set(lists.numbers(desk.redis, "default")) == set(phones)
    assert len(do_not_dial.history_of(desk.redis, "default", phones[5])) == 3


def test_nobody_readable_leaves_no_trace(desk: Desk) -> None:
    assert add(desk, "n/a").changed == 0
    assert lists.read(desk.redis, "default").changes == 0


# Taking a campaign in


def test_who_is_on_the_list_goes_to_the_exclusion_report_with_the_line(desk: Desk, simulator: Simulator) -> None:
    add(desk, BOB)
    campaign_id = taken(desk, ANNA, "not a phone", "617-555-0122", CARL).campaign_id
    assert campaigns.excluded(desk.redis, campaign_id) == [
        ExcludedRow(2, "not a phone", "not_a_number"),
        ExcludedRow(3, BOB, "do_not_dial"),
    ]
    assert_it_adds_up(desk, campaign_id)
    send(desk, f"{campaign_id}-1")
    assert rung(simulator) == {ANNA, CARL}


def test_a_campaign_to_nobody_else_is_refused(desk: Desk) -> None:
    add(desk, ANNA, BOB)
    with pytest.raises(InvalidCampaign, match=r"none of the 2 rows .*: do not dial \(line 1, 2\)"):
        taken(desk, ANNA, BOB)


def test_the_same_payload_is_the_same_campaign_whoever_came_on_the_list_meanwhile(desk: Desk, campaign_id: str) -> None:
    add(desk, ANNA, BOB, CARL)
    again = taken(desk, ANNA, BOB, CARL)
    assert (again.campaign_id, again.is_new) == (campaign_id, False)


def test_who_is_taken_off_the_list_is_called_by_the_next_campaign(desk: Desk, simulator: Simulator) -> None:
    add(desk, ANNA)
    change(desk, Verb.REMOVE, ANNA)
    send(desk, f"{taken(desk, ANNA).campaign_id}-1")
    assert rung(simulator) == {ANNA}


# The last screening


def test_who_came_on_the_list_after_the_campaign_was_taken_is_not_called(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    add(desk, BOB)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert rung(simulator) == {ANNA, CARL}
    assert submission(desk, campaign_id).drops == {DropState.SCREENED: 1}
    assert view(desk, campaign_id).phones == {SubmissionState.ACCEPTED: 2}
    assert_it_adds_up(desk, campaign_id)
    clock.jump(timedelta(minutes=1))
    assert refresh(desk, f"{campaign_id}-1") is Refreshed.FINISHED
    found = view(desk, campaign_id)
    assert found.status is CampaignStatus.FINISHED
    assert found.drops == {DropState.DELIVERED: 2, DropState.SCREENED: 1}
    assert_it_adds_up(desk, campaign_id)


def test_when_nobody_is_left_nothing_is_sent_and_the_campaign_is_finished(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    add(desk, ANNA, BOB, CARL)
    assert send(desk, f"{campaign_id}-1") is Sent.WITHDRAWN
    known = submission(desk, campaign_id)
    assert known.state is SubmissionState.WITHDRAWN
    assert known.reason.startswith("nobody is left on it")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    assert view(desk, campaign_id).drops == {DropState.SCREENED: 3}
    assert not due.stands(desk.redis, Due.SEND, known.id)
    assert [each for each in simulator.truth.arrivals if each.option == "new_campaign"] == []
    assert_it_adds_up(desk, campaign_id)


def test_a_campaign_for_later_is_screened_when_its_hour_has_come(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    later = TERMS.model_copy(update={"start": desk.clock() + timedelta(days=30)})
    campaign_id = taken(desk, ANNA, BOB, terms=later).campaign_id
    clock.jump(timedelta(days=29))
    add(desk, ANNA)
    clock.jump(timedelta(days=1))
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert rung(simulator) == {BOB}


def test_who_was_taken_out_stays_out_when_the_submission_comes_back(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    add(desk, BOB)
    assert send(at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/"), f"{campaign_id}-1") is Sent.LATER
    assert view(desk, campaign_id).phones == {SubmissionState.PLANNED: 2}
    change(desk, Verb.REMOVE, BOB)
    add(desk, CARL)
    clock.jump(timedelta(seconds=2))
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert rung(simulator) == {ANNA}
    assert view(desk, campaign_id).drops == {DropState.SCREENED: 2}
    assert_it_adds_up(desk, campaign_id)


def test_more_changes_than_phones_are_screened_as_well(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    add(desk, *(f"310555{number:04}" for number in range(600)), BOB)
    send(desk, f"{campaign_id}-1")
    assert rung(simulator) == {ANNA, CARL}


class Interrupted(Redis):
    """A connection that lets somebody else act once, right before a script with these words runs."""

    def __init__(self, inner: Redis, words: str, act: Callable[[], object], times: int = 1) -> None:
        super().__init__(connection_pool=inner.connection_pool)
        self.words, self.act, self.times = words, act, times

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        if self.times and self.words in map(str, arguments):
            self.times -= 1
            self.act()
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types


def test_a_number_that_is_listed_between_the_screening_and_the_sending_is_not_called(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    """The request is acknowledged after the submission was screened, and before `sending` is written."""
    watched = replace(desk, redis=Interrupted(desk.redis, "sending", lambda: add(desk, BOB)))
    assert send(watched, f"{campaign_id}-1") is Sent.ACCEPTED
    assert rung(simulator) == {ANNA, CARL}
    assert_it_adds_up(desk, campaign_id)


def test_a_list_that_never_stops_growing_lets_the_submission_wait_and_not_ring(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    others = iter(f"310555{number:04}" for number in range(100))
    growing = Interrupted(desk.redis, "sending", lambda: add(desk, next(others)), times=99)
    assert send(replace(desk, redis=growing), f"{campaign_id}-1") is Sent.PASSED_OVER
    assert rung(simulator) == set()
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 1
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED


def test_a_sender_that_lost_its_claim_takes_nobody_out(desk: Desk, clock: Clock, campaign_id: str) -> None:
    add(desk, BOB)
    now = desk.clock()
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="frozen", now=now, until=now)
    clock.jump(timedelta(seconds=1))
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="second", now=desk.clock(), until=desk.clock())
    held = submission(desk, campaign_id)
    do_not_dial.screen(desk.redis, "default", held, since=0, attempt="frozen")
    assert submission(desk, campaign_id).drops == {}
    do_not_dial.screen(desk.redis, "default", held, since=0, attempt="second")
    assert submission(desk, campaign_id).drops == {DropState.SCREENED: 1}


def test_a_large_submission_is_screened_on_a_real_server(desk: Desk, redis: Redis, simulator: Simulator) -> None:
    real = replace(desk, redis=redis)
    phones = [f"{212 + number % 8}555{number:04}" for number in range(8_000)]
    campaign_id = taken(real, *phones).campaign_id
    add(real, *phones[::3])
    assert send(real, f"{campaign_id}-1") is Sent.ACCEPTED
    assert rung(simulator) == set(phones) - set(phones[::3])
    assert_it_adds_up(real, campaign_id)


def begins(desk: Desk, known: Submission, screening: Screening, attempt: str) -> bool:
    now, to = desk.clock(), SubmissionState.SENDING
    return bool(screening.phones) and submissions.move(
        desk.redis, known, to, now=now, attempt=attempt, screened=screening.version
    )


people = st.sampled_from([ANNA, BOB, CARL, "3105550124"])
steps = st.one_of(
    st.tuples(st.sampled_from(Verb), people),
    st.sampled_from(["claim", "screen", "begin", "back", "withdraw"]).map(lambda step: (step, "")),
)


@pytest.mark.thorough
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(steps, max_size=25))
def test_whatever_happens_in_between_no_listed_number_is_sent_and_all_adds_up(
    desk: Desk, plan: list[tuple[str, str]]
) -> None:
    desk = replace(desk, redis=FakeRedis(server=FakeServer()))  # a ledger emptied under us would be amnesia, and halt
    campaign_id = taken(desk, ANNA, BOB, CARL).campaign_id
    ever_out, listed, attempt = set[str](), set[str](), "none"
    screening = Screening([], -1)
    for number, (step, phone) in enumerate(plan):
        known, now = submission(desk, campaign_id), desk.clock()
        match step:
            case Verb.ADD | Verb.REMOVE:
                change(desk, Verb(step), phone)
                listed = listed | {phone} if step == Verb.ADD else listed - {phone}
            case "claim":
                attempt, screening = f"attempt {number}", Screening([], -1)  # whoever claims screens for itself
                claims.claim(desk.redis, known.id, attempt=attempt, now=now, until=now)
            case "screen":
                since = submissions.screened(desk.redis, known)
                screening = do_not_dial.screen(desk.redis, "default", known, since=since, attempt=attempt)
            case "begin":
                if begins(desk, known, screening, attempt):
                    assert not set(dispositions.to_send(desk.redis, known.id)) & (listed | ever_out)
            case "back":
                submissions.move(desk.redis, known, SubmissionState.PLANNED, now=now)
            case _:
                submissions.move(desk.redis, known, SubmissionState.WITHDRAWN, now=now)
        ever_out |= {ANNA, BOB, CARL} - set(dispositions.to_send(desk.redis, known.id))
        assert_it_adds_up(desk, campaign_id)
