"""What a person decides holds once, is written down with its reason, and never goes against what is seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import due, evidence
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, DropState, Evidence, Finding, Intent, SubmissionState
from jobs.outcomes import ends
from jobs.outcomes.cases import UnknownSubmission, read_case, read_cases, ways_out
from jobs.outcomes.decide import (
    Asked,
    Decided,
    Decision,
    Inadvisable,
    NotInDoubt,
    UnexplainedDecision,
    adopt_session,
    give_up,
    resend,
)
from jobs.outcomes.hear import Heard, hear
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import submission, view
from tests.jobs.outcomes.conftest import (
    PHONES,
    accepted_but_unknown,
    by_hand,
    known_session,
    never_accepted,
    settle_for,
)
from tests.jobs.outcomes.test_hear import posted
from tests.jobs.outcomes.test_races import at_once


def asked(desk: Desk, why: str = "looked at the website") -> Asked:
    return Asked("dana", why, desk.clock())


def adopted(desk: Desk, campaign_id: str, session_id: str, *, called: set[str] | None, force: bool = False) -> Decided:
    told = asked(desk)
    return adopt_session(desk.redis, desk.timings, f"{campaign_id}-1", session_id, told, called=called, force=force)


def resent(desk: Desk, campaign_id: str, *, force: bool = False) -> Decided:
    return resend(desk.redis, desk.timings, f"{campaign_id}-1", asked(desk), force=force)


def test_an_adopted_session_is_followed_and_who_said_so_is_kept(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    session_id = simulator.truth.sessions[0].id
    assert adopted(desk, campaign_id, session_id, called=set()).is_new
    assert not adopted(desk, campaign_id, session_id, called=set()).is_new
    clock.jump(timedelta(seconds=9))
    refresh(desk, f"{campaign_id}-1")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    (decision,) = evidence.read(desk.redis, f"{campaign_id}-1")
    assert (decision.decided, decision.by, decision.why) == ("adopt", "dana", "looked at the website")
    assert decision.session_ids == (session_id,)


def test_a_session_is_not_adopted_that_is_anothers_or_calls_others(desk: Desk, simulator: Simulator) -> None:
    campaign_id = never_accepted(desk, simulator)
    known = submission(desk, known_session(desk)).session_id
    for session_id, called in ((known, set[str]()), ("March", set[str]()), ("", None)):
        with pytest.raises(Inadvisable):
            adopted(desk, campaign_id, session_id, called=called, force=True)
    for called_by in ({*PHONES, "2125550102"}, None):
        with pytest.raises(Inadvisable, match="--force"):
            adopted(desk, campaign_id, "5000000001", called=called_by)
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    assert adopted(desk, campaign_id, "5000000001", called={*PHONES, "2125550102"}, force=True).is_new
    assert "1 of the 5 phones" in evidence.read(desk.redis, f"{campaign_id}-1")[-1].words


def test_what_is_absent_is_sent_again_once_however_often_it_is_decided(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator)
    assert settle(desk, f"{campaign_id}-1") is Settled.OPEN
    with pytest.raises(Inadvisable, match="too soon"):
        resent(desk, campaign_id)
    settle_for(desk, clock, campaign_id)
    assert ways_out(read_case(desk.redis, f"{campaign_id}-1"))[0] == f"{campaign_id}-1 resend"
    assert resent(desk, campaign_id).is_new
    assert not resent(desk, campaign_id).is_new
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert not resent(desk, campaign_id).is_new
    assert simulator.truth.accepted_more_than_once() == {}


def test_nothing_is_sent_again_while_a_session_may_be_it(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    with pytest.raises(Inadvisable, match="nobody has looked yet"):
        resent(desk, campaign_id)
    clock.jump(timedelta(seconds=1))
    settle(desk, f"{campaign_id}-1")
    with pytest.raises(Inadvisable, match="do not say yet whose"):
        resent(desk, campaign_id)
    by_hand(simulator, *PHONES)
    clock.jump(timedelta(seconds=10))
    settle(desk, f"{campaign_id}-1")
    with pytest.raises(Inadvisable, match="adopt or give up"):
        resent(desk, campaign_id, force=True)
    ways = ways_out(read_case(desk.redis, f"{campaign_id}-1"))
    assert [each.split()[1] for each in ways] == ["adopt", "adopt", "give-up"]
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN


def test_a_person_may_know_better_than_a_silent_gateway(desk: Desk, simulator: Simulator) -> None:
    campaign_id = never_accepted(desk, simulator)
    with pytest.raises(Inadvisable, match="--force"):
        resent(desk, campaign_id)
    assert resent(desk, campaign_id, force=True).is_new


@pytest.mark.parametrize("intent", [Intent.STOP, Intent.PAUSE])
def test_nothing_of_a_campaign_that_is_not_to_run_is_sent_again(
    desk: Desk, simulator: Simulator, intent: Intent
) -> None:
    campaign_id = never_accepted(desk, simulator)
    request(desk.redis, campaign_id, intent, why="", now=desk.clock())
    with pytest.raises(Inadvisable, match=intent):
        resent(desk, campaign_id, force=True)


def test_what_is_too_late_is_not_sent_again(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = never_accepted(desk, simulator)
    clock.jump(timedelta(days=1))
    with pytest.raises(Inadvisable, match="too late"):
        resent(desk, campaign_id, force=True)


def test_what_is_given_up_is_accounted_for_and_a_late_record_is_written_down(desk: Desk, simulator: Simulator) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    token = submission(desk, campaign_id).attempt
    assert give_up(desk.redis, f"{campaign_id}-1", asked(desk), force=True).is_new
    assert not give_up(desk.redis, f"{campaign_id}-1", asked(desk)).is_new
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    assert view(desk, campaign_id).drops == {DropState.NO_RECORD: len(PHONES)}
    assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")  # it may be ringing
    assert hear(desk, token, posted(simulator.truth.sessions[0].id)) is Heard.RECORDED
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 1, DropState.NO_RECORD: len(PHONES) - 1}
    assert read_cases(desk.redis) == []


def test_what_may_be_ringing_is_not_given_up_without_force(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator)
    with pytest.raises(Inadvisable, match="it may be ringing now; `stop SESSION` once it shows up"):
        give_up(desk.redis, f"{campaign_id}-1", asked(desk))
    assert ways_out(read_case(desk.redis, f"{campaign_id}-1"))[-1] == f"{campaign_id}-1 give-up --force"
    settle_for(desk, clock, campaign_id)
    assert give_up(desk.redis, f"{campaign_id}-1", asked(desk)).is_new


def test_who_gives_up_and_dies_leaves_the_rest_to_whoever_settles(desk: Desk, simulator: Simulator) -> None:
    """Between the two steps the ledger holds a submission that is given up and due to be settled."""
    campaign_id = never_accepted(desk, simulator)
    known = submission(desk, campaign_id)
    give_up(desk.redis, known.id, asked(desk), force=True)
    desk.redis.delete(f"dropline:dispositions:{known.id}")
    for name in (f"dropline:submission:{known.id}", f"dropline:campaign:{campaign_id}"):
        desk.redis.hdel(name, "d:no_record")
    due.add(desk.redis, Due.SETTLE, [known.id], desk.clock())
    assert settle(desk, known.id) is Settled.OPEN
    assert view(desk, campaign_id).drops == {DropState.NO_RECORD: len(PHONES)}


def test_only_what_is_unknown_is_decided_about_and_never_without_a_reason(desk: Desk, simulator: Simulator) -> None:
    accepted = known_session(desk)
    with pytest.raises(NotInDoubt, match="is accepted under session"):
        resent(desk, accepted)
    with pytest.raises(NotInDoubt):
        give_up(desk.redis, f"{accepted}-1", asked(desk))
    with pytest.raises(UnknownSubmission):
        give_up(desk.redis, "nobody-1", asked(desk))
    for why in ("", "  ", "x" * 301, "a\nb"):
        with pytest.raises(UnexplainedDecision):
            asked(desk, why)


def test_of_two_decisions_at_once_one_holds_and_the_other_is_told(
    desk: Desk, redis: Redis, simulator: Simulator
) -> None:
    at_server = replace(desk, redis=redis)
    campaign_id = never_accepted(at_server, simulator)

    def outcome(decide: Decision) -> str:
        try:
            if decide is Decision.RESEND:
                return str(resent(at_server, campaign_id, force=True).is_new)
            return str(give_up(redis, f"{campaign_id}-1", asked(at_server), force=True).is_new)
        except (NotInDoubt, Inadvisable) as refused:
            return type(refused).__name__

    ends_of = at_once(*(lambda each=each: outcome(each) for each in [*Decision][1:] * 2))
    assert ends_of.count("True") == 1
    assert len([each for each in evidence.read(redis, f"{campaign_id}-1") if each.finding is Finding.DECISION]) == 1
    assert sum(view(at_server, campaign_id).submissions.values()) == 1


def test_a_stop_and_a_resend_at_once_send_nothing(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    """The stop comes between the check and the move."""
    campaign_id = never_accepted(desk, simulator)
    case = read_case(desk.redis, f"{campaign_id}-1")
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    decision = Evidence(desk.clock(), Finding.DECISION, "again", decided="resend", by="dana", why="late")
    assert not ends.plan_again(desk.redis, desk.timings, case.campaign, case.submission, decision)
    assert settle_for(desk, clock, campaign_id, during=timedelta(minutes=1))
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
