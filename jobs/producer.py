"""The way in for Python: campaigns, requests and decisions go into the ledger, and then it is rung for them."""

from collections.abc import Callable, Iterable, Set
from datetime import UTC, datetime, timedelta

from redis import Redis

from jobs.campaigns import control, do_not_dial, questions, refresh, take
from jobs.campaigns.desk import Timings
from jobs.campaigns.do_not_dial import Changed, Verb
from jobs.campaigns.plan import Plan
from jobs.campaigns.take import Taken
from jobs.contacts import Row
from jobs.models import Terms
from jobs.outcomes import decide
from jobs.outcomes.decide import Asked, Decided
from jobs.ringing import bells
from jobs.ringing.errands import ERRANDS, run_errands
from jobs.ringing.queues import requeue_failed

TIMINGS = Timings()


class Producer:
    """Hands campaigns and requests in: writes the ledger, then rings."""

    def __init__(
        self,
        redis: Redis,
        *,
        lead: timedelta,
        keep_keys: timedelta = take.KEEP_KEYS,
        timings: Timings = TIMINGS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis = redis
        self._lead = lead
        self._keep_keys = keep_keys
        self._clock = clock
        self._timings = timings

    def submit(self, terms: Terms, plan: Plan, *, key: str) -> Taken:
        """Hand in a planned campaign; the same key and payload give the same campaign again, and nothing is sent twice.

        Raises `InvalidCampaign` and `KeyConflict`; whatever else is raised (no Redis), the same call may be repeated.
        """
        taken = self._take(terms, plan, key)
        self.ring()
        return taken

    def submit_many(self, campaigns: Iterable[tuple[Terms, Plan, str]]) -> list[Taken]:
        """Hand in many campaigns with their keys, and ring once. One that is refused ends the call with its error;
        those before it are in, and repeating the call finds them by their keys.
        """
        try:
            return [self._take(terms, plan, key) for terms, plan, key in campaigns]
        finally:
            self.ring()

    def control(self, campaign_id: str, verb: str, *, why: str = "", by: str = "") -> None:
        """Pause, resume, stop or cancel a campaign; when this returns, the request holds.

        Raises `UnknownCampaign` or `CampaignIsOver`.
        """
        control.request(self._redis, campaign_id, control.VERBS[verb], why=why, now=self._clock(), by=by)
        self.ring()

    def refresh(self, campaign_id: str) -> int:
        """Have the gateway asked for a campaign's call records now; answers of how many sessions.

        Raises `UnknownCampaign`.
        """
        asked = refresh.request(self._redis, campaign_id, now=self._clock())
        self.ring()
        return asked

    def do_not_dial(
        self,
        account: str,
        verb: Verb,
        rows: Iterable[Row],
        *,
        by: str,
        why: str,
        source: str,
        durably: bool = False,
    ) -> Changed:
        """Put phones on an account's do-not-dial list, or take them off; when this returns, it holds, and with
        `durably`, for servers that can say so, it is on the server's disk.

        Raises `UnexplainedRequest` or `UnknownAccount`; whatever else is raised, the same call may be repeated.
        """
        asked = do_not_dial.Asked(by, why, source, self._clock())
        try:
            return do_not_dial.change(self._redis, account, verb, rows, asked, durably=durably)
        finally:
            self.ring()

    def adopt(
        self, submission_id: str, session_id: str, *, by: str, why: str, called: Set[str] | None, force: bool = False
    ) -> Decided:
        """Decide that a session of the gateway is an unknown submission. `called` are the phones of its call records,
        None where nobody could ask.

        Raises `UnknownSubmission`, `NotInDoubt`, `UnexplainedDecision`, and `Inadvisable` unless `force`.
        """
        asked = Asked(by, why, self._clock())
        return self._ringing(
            decide.adopt_session(
                self._redis, self._timings, submission_id, session_id, asked, called=called, force=force
            )
        )

    def resend(self, submission_id: str, *, by: str, why: str, force: bool = False) -> Decided:
        """Decide that an unknown submission is sent once more. Raises as `adopt` does."""
        asked = Asked(by, why, self._clock())
        return self._ringing(decide.resend(self._redis, self._timings, submission_id, asked, force=force))

    def give_up(self, submission_id: str, *, by: str, why: str, force: bool = False) -> Decided:
        """Decide that nobody looks for an unknown submission any more. Raises as `adopt` does."""
        asked = Asked(by, why, self._clock())
        return self._ringing(decide.give_up(self._redis, submission_id, asked, force=force, timings=self._timings))

    def ask_call_status(self, session_id: str, phone: str, *, account: str = "default") -> str:
        """Have a worker ask the gateway how the drop of a session to a phone of 10 digits ended; the question's id.

        Raises ValueError for what is no session id or no phone.
        """
        question_id = questions.ask(self._redis, session_id, phone, account=account, now=self._clock())
        self.ring()
        return question_id

    def ring(self) -> int:
        """Ring for everything that is due; answers how many jobs that made."""
        return ring(self._redis, now=self._clock())

    def _ringing(self, decided: Decided) -> Decided:
        self.ring()
        return decided

    def _take(self, terms: Terms, plan: Plan, key: str) -> Taken:
        now = self._clock()
        return take.take(self._redis, terms, plan, key=key, now=now, lead=self._lead, keep_keys=self._keep_keys)


def ring(redis: Redis, *, now: datetime) -> int:
    """Enqueue jobs for all that is due at `now`, and say how many; safe to be called by anyone, any number of times."""
    return bells.ring(redis, now=now) + requeue_failed(redis, now=now) + run_errands(redis, ERRANDS, now=now)
