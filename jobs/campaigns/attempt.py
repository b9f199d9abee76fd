"""One attempt to send a submission, from its claim to the end of its call, whichever that is.

The three ends of a call decide: what never left is planned again, what was refused is rejected, and what nobody knows
is `unknown` and stays there until evidence or a person settles it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import structlog

from config.durability import Durability
from config.outage import OUT_OF_REACH
from jobs.campaigns import adopt, do_not_dial, refusals
from jobs.campaigns.addresses import Acknowledged
from jobs.campaigns.calling import NotNow, Turn
from jobs.campaigns.days import may_be_listed_under, must_be_listed_under
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of, marked
from jobs.gateway.errors import NotSent, OutcomeUnknown, Rejected
from jobs.gateway.replies import Accepted
from jobs.ledger import amnesia, keys, submissions
from jobs.ledger.amnesia import Halted
from jobs.ledger.durability import NotDurable
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due
from jobs.models import CampaignView, Evidence, Finding, Intent, Submission, SubmissionState, WhenUnknown, records

log = structlog.get_logger(__name__)

SCREENINGS = 5
"""How often an attempt screens anew because the do-not-dial list has grown meanwhile, as it does during an import."""


class Sent(StrEnum):
    """What came of an attempt to send a submission."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    LATER = "later"
    """It certainly did not leave, its audio is looked at, or its turn has not come; it stands in the due set."""
    WITHDRAWN = "withdrawn"
    """It was too late to send it, or nobody was left after the last screening."""
    PASSED_OVER = "passed_over"
    """Another sender has it, its campaign is held, its time has not come, or it is past sending."""


def withdraw(desk: Desk, campaign: CampaignView, submission: Submission, now: datetime, *, attempt: str = "") -> Sent:
    """Let go of what it is too late to send, unless somebody has begun to send it."""
    why_held = refusals.why_held(desk, campaign.terms.account) if campaign.intent is Intent.RUN else ""
    reason = f"it was too late to send it: {why_held}" if why_held else "it was too late to send it"
    moved = submissions.move(
        desk.redis,
        submission,
        SubmissionState.WITHDRAWN,
        now=now,
        attempt=attempt,
        only_from=submissions.BEFORE_SENDING,
        reason=reason,
    )
    return Sent.WITHDRAWN if moved else Sent.PASSED_OVER


class _TooLate(Exception):
    """This attempt does not hold the submission any more, or held it for too long. Its request has not left."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One claim on one submission. Its token fences every move: once the claim is lost, nothing moves any more."""

    desk: Desk
    campaign: CampaignView
    submission: Submission
    token: str
    claimed_s: float
    """When it was claimed, by the desk's stopwatch."""
    turn: Turn

    def run(self) -> Sent:
        """From the claim to the end of the call, whichever it is."""
        now = self.desk.clock()
        if now >= self.campaign.too_late_at:
            return withdraw(self.desk, self.campaign, self.submission, now, attempt=self.token)
        try:
            phones = self._begin_sending(now)
        except Halted:
            return self._plan_again("sending is halted", self.desk.timings.halted_again)
        except NotDurable as not_durable:
            return self._plan_again(str(not_durable), self._wait())
        if phones is None:
            return self._let_go(now)
        return self._hand_over(phones, now) if phones else self._nobody_left(now)

    def _hand_over(self, phones: list[str], now: datetime) -> Sent:
        """The one POST, and the ledger's word for each of its three ends."""
        try:
            accepted = self._post(phones, now)
        except NotNow as not_now:
            return self._plan_again("its turn to call passed before it could leave", not_now.at - self.desk.clock())
        except NotSent as not_sent:
            return self._plan_again(str(not_sent), self._wait())
        except Rejected as rejected:
            return self._refused(rejected)
        except OutcomeUnknown as unknown:
            return self._unknown(f"{unknown} {self._what_follows()}")
        return self._accepted(accepted, now)

    def _move(
        self,
        to: SubmissionState,
        now: datetime,
        *,
        due: tuple[Due, datetime] | None = None,
        only_running: bool = False,
        session_key: str = "",
        listed_under: Iterable[str] = (),
        screened: int = 0,
        durably: bool = False,
        evidence: Evidence | None = None,
        **fields: Any,
    ) -> bool:
        move = partial(
            submissions.move,
            self.desk.redis,
            self.submission,
            to,
            now=now,
            attempt=self.token,
            only_running=only_running,
            due=dict([due]) if due else None,
            session_key=session_key,
            listed_under=listed_under,
            screened=screened,
            durably=durably,
            evidence=evidence,
            **fields,
        )
        return move() if to is SubmissionState.SENDING else self._write_down(move)

    def _write_down(self, move: Callable[[], bool]) -> bool:
        """Wait for Redis for as long as it takes: an answer of the gateway's that is lost makes an unknown."""
        while True:
            try:
                return move()
            except OUT_OF_REACH:
                if self.desk.is_ending():
                    raise
                log.warning("answer_not_written_yet", submission_id=self.submission.id)
                self.desk.sleep(1)

    def _begin_sending(self, now: datetime) -> list[str] | None:
        """The phones to send to, with `sending` written; or nobody, or None where it may not begin."""
        redis, account = self.desk.redis, self.campaign.terms.account
        screened = submissions.screened(redis, self.submission)
        for _ in range(SCREENINGS):
            screening = do_not_dial.screen(redis, account, self.submission, since=screened, attempt=self.token)
            screened = screening.version
            if not screening.phones or self._write_sending(now, screened=screened):
                return screening.phones
        return None

    def _write_sending(self, now: datetime, *, screened: int) -> bool:
        """Written before the socket opens: from here on, only an answer or a proof says that no phone will ring."""
        deadline_at = now + self.desk.timings.answer_within
        return self._move(
            SubmissionState.SENDING,
            now,
            due=(Due.SEND, deadline_at),
            only_running=True,
            listed_under=may_be_listed_under(self.campaign, sent_at=now, until=deadline_at),
            screened=screened,
            durably=self.desk.durability is Durability.STRICT,
            sent_at=to_ms(now),
            deadline_at=to_ms(deadline_at),
        )

    def _let_go(self, now: datetime) -> Sent:
        """The campaign was paused or stopped after the claim: put it back, for the next claim to find out why."""
        self._move(SubmissionState.PLANNED, now, due=(Due.SEND, now))
        return Sent.PASSED_OVER

    def _nobody_left(self, now: datetime) -> Sent:
        reason = "nobody is left on it: all are on the do-not-dial list, or were purged"
        return Sent.WITHDRAWN if self._move(SubmissionState.WITHDRAWN, now, reason=reason) else Sent.PASSED_OVER

    def _post(self, phones: list[str], now: datetime) -> Accepted:
        terms = self.campaign.terms
        start = terms.start_at(self.campaign.created_at)
        return self.turn.call(
            lambda gateway: gateway.submit(
                terms,
                phones,
                title=marked(terms.title, mark_of(self.token)),
                postback_url=self._address(now) if self.desk.postbacks_url else None,
                start_at=start if start > now else None,
                before_send=self._leave,
            )
        )

    def _address(self, now: datetime) -> str:
        address = f"{self.desk.postbacks_url}{self.token}"
        if not self.desk.seal_key:
            return address
        seen = Acknowledged(amnesia.newest_mark(self.desk.redis), now)
        return f"{address}-{seen.sealed(self.token, self.desk.seal_key(self.campaign.terms.account))}"

    def _leave(self) -> None:
        """The last word before the first byte: whoever was frozen since the claim finds out that it is too late."""
        holds = submissions.leave(self.desk.redis, self.submission, attempt=self.token, now=self.desk.clock())
        took_s = self.desk.stopwatch() - self.claimed_s
        if not holds or took_s > self.desk.timings.leave_within.total_seconds():
            raise _TooLate

    def _accepted(self, accepted: Accepted, sent_at: datetime) -> Sent:
        log.info("submission_accepted", submission_id=self.submission.id, session_id=accepted.session_id)
        now = self.desk.clock()
        start = max(now, self.campaign.terms.start_at(self.campaign.created_at))
        moved = self._move(
            SubmissionState.ACCEPTED,
            now,
            due=(Due.REFRESH, start + self.desk.timings.poll_first),
            session_key=keys.session(self.campaign.terms.account, accepted.session_id),
            listed_under=must_be_listed_under(self.campaign, sent_at=sent_at, until=now),
            session_id=accepted.session_id,
            gateway_count="" if accepted.phone_count is None else accepted.phone_count,
            reason="",
        )
        return Sent.ACCEPTED if moved or self._is_adopted(accepted, sent_at) else Sent.PASSED_OVER

    def _is_adopted(self, accepted: Accepted, sent_at: datetime) -> bool:
        """What the answer is worth to a submission that this attempt does not hold any more."""
        attempt = records.Attempt(self.token, sent_at)
        return self._write_down(
            partial(adopt.answer_late, self.desk, self.campaign, self.submission.id, attempt, accepted)
        )

    def _refused(self, rejected: Rejected) -> Sent:
        if rejected.kind.is_sign_of_acceptance:
            sign = f"the gateway says that it has this submission already: {rejected.reason}"
            return self._unknown(sign, is_sign=True)
        if rejected.kind.concerns_account:
            return self._hold(rejected)
        if rejected.kind.is_worth_one_retry and not self.submission.was_refused:
            reason = f"refused once, tried once more: {rejected.reason}"
            return self._plan_again(reason, self.desk.timings.refused_again, was_refused=True)
        moved = self._move(SubmissionState.REJECTED, self.desk.clock(), reason=rejected.reason, refusal=rejected.kind)
        return Sent.REJECTED if moved else Sent.PASSED_OVER

    def _hold(self, rejected: Rejected) -> Sent:
        """Refused for its account: others are tried before it, for the refusal may be its own all the same."""
        account = self.campaign.terms.account
        reason = f"held, because the gateway refused the account {account}: {rejected.reason}"
        return self._plan_again(reason, max(self._wait(), self.desk.timings.refusal_first * 2))

    def _what_follows(self) -> str:
        """Of an outcome that nobody knows, by the campaign's own policy."""
        looked_for = "evidence of what became of it is looked for"
        if self.campaign.terms.when_unknown is WhenUnknown.RESEND and not self.submission.former:
            return f"It is sent again, once, if the gateway turns out not to have it: {looked_for}."
        return f"It is not sent again by itself: {looked_for}."

    def _unknown(self, reason: str, *, is_sign: bool = False) -> Sent:
        now = self.desk.clock()
        evidence = Evidence(now, Finding.SIGN, reason, mark_of(self.token)) if is_sign else None
        due = (Due.SETTLE, now + self.desk.timings.look_first)
        moved = self._move(SubmissionState.UNKNOWN, now, due=due, evidence=evidence, reason=reason)
        return Sent.UNKNOWN if moved else Sent.PASSED_OVER

    def _plan_again(self, reason: str, wait: timedelta, *, was_refused: bool = False) -> Sent:
        """Only after proof that the gateway took nothing."""
        now = self.desk.clock()
        at = now + wait
        moved = self._move(
            SubmissionState.PLANNED,
            now,
            due=(Due.SEND, at),
            not_before=to_ms(at),
            reason=reason,
            was_refused="yes" if was_refused or self.submission.was_refused else "",
        )
        return Sent.LATER if moved else Sent.PASSED_OVER

    def _wait(self) -> timedelta:
        timings = self.desk.timings
        most = min(timings.resend_most, timings.resend_first * (1 << min(self.submission.tries, 20)))
        return most * self.desk.random.uniform(0.5, 1)
