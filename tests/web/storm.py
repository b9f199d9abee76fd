"""A storm of postbacks, and the table that it must leave: each record is a pure function of its number."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from urllib.parse import quote_plus

from redis import Redis

from jobs import eastern
from jobs.ledger import campaigns, claims, dispositions, keys, submissions
from jobs.models import Disposition, DropState, Submission, SubmissionState, Terms
from tests.web.herald import Parcel

TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="Storm")
NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
FIRST_SESSION = 4_294_967_296
REASONS = ("Unable to Detect Voice Mail", "VM may be full or not setup", "Voicemail Busy", "Landline Removed")
CARRIERS = ("t-mobile us:6529 - svr/2", "verizon wireless:6006 - svr/2", "at&t mobility", "")

SUBMISSIONS_A_CAMPAIGN = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission that went to the gateway; of some, the answer is not in, or will never be."""

    submission_id: str
    token: str
    session_id: str


class Storm:
    """Calls to `count` phones, each told once, some twice or thrice, in any order."""

    def __init__(self, redis: Redis, count: int, *, seed: int, phones_each: int = 10_000) -> None:
        self._redis = redis
        self._count = count
        self._seed = seed
        self._each = phones_each
        self.sent: list[Sent] = []
        for start in range(0, count, phones_each * SUBMISSIONS_A_CAMPAIGN):
            self._send_campaign(min(count - start, phones_each * SUBMISSIONS_A_CAMPAIGN))

    def parcels(self, *, duplicated: float = 0.2, per_s: float = 0, began_s: float = 0) -> Iterator[Parcel]:
        """Every record, and a share of them again, shuffled; with `per_s` each has its hour after `began_s`."""
        chance = Random(self._seed)
        numbers = array("L", range(self._count))
        numbers.extend(chance.choices(range(self._count), k=int(self._count * duplicated)))
        chance.shuffle(numbers)
        for place, number in enumerate(numbers):
            sent = self.sent[number // self._each]
            body = f"var={quote_plus(self._record(number, sent))}".encode()
            yield Parcel(sent.token, body, began_s + place / per_s if per_s else 0)

    def check(self) -> None:
        """Raises AssertionError unless the ledger holds the table, all of it, and its counts add up."""
        for at, sent in enumerate(self.sent):
            (found,) = submissions.read(self._redis, [sent.submission_id])
            numbers = range(at * self._each, min((at + 1) * self._each, self._count))
            expected = [self._disposition(number) for number in numbers]
            assert (found.state, found.session_id) == (SubmissionState.ACCEPTED, sent.session_id)
            assert list(dispositions.read(self._redis, found)) == expected, f"{sent.submission_id} has another table"
            assert dict(found.drops) == dict(Counter(each.state for each in expected))
        drops: Counter[DropState] = Counter()
        for campaign_id in dict.fromkeys(submissions.campaign_of(each.submission_id) for each in self.sent):
            view = campaigns.read(self._redis, campaign_id)
            assert view
            drops.update(view.drops)
            assert sum(dispositions.tally(self._redis, campaign_id).values()) == sum(view.drops.values())
        assert sum(drops.values()) == self._count

    def _send_campaign(self, count: int) -> None:
        campaign_id = f"storm{len(self.sent)}"
        chunks = [
            [f"{201 + index}555{number:04}" for number in range(min(count - start, self._each))]
            for index, start in enumerate(range(0, count, self._each))
        ]
        new = campaigns.NewCampaign(
            id=campaign_id,
            key=campaign_id,
            fingerprint={},
            terms=TERMS,
            rows=count,
            chunks=chunks,
            excluded=[],
            due_at=NOON,
        )
        campaigns.take(self._redis, new, now=NOON, keep_key=timedelta(days=180))
        for submission in submissions.read(self._redis, campaigns.submission_ids(self._redis, campaign_id)):
            self._send(submission)

    def _send(self, submission: Submission) -> None:
        """Of three, one has its answer, one waits for it, and of one it is lost."""
        token, session_id = submissions.new_token(), str(FIRST_SESSION + len(self.sent))
        claims.claim(self._redis, submission.id, attempt=token, now=NOON, until=NOON + timedelta(seconds=15))
        move = partial(submissions.move, self._redis, submission, now=NOON, attempt=token)
        assert move(SubmissionState.SENDING, sent_at=1)
        match len(self.sent) % 3:
            case 0:
                key = keys.session("default", session_id)
                assert move(SubmissionState.ACCEPTED, session_key=key, session_id=session_id)
            case 1:
                assert move(SubmissionState.UNKNOWN)
        self.sent.append(Sent(submission.id, token, session_id))

    def _phone(self, number: int) -> str:
        index, place = divmod(number, self._each)
        return f"{201 + index % SUBMISSIONS_A_CAMPAIGN}555{place:04}"

    def _record(self, number: int, sent: Sent) -> str:
        each = self._disposition(number)
        fields = (sent.session_id, each.phone, each.status, each.reason, each.delivered_text, each.carrier)
        return "|".join(fields)

    def _disposition(self, number: int) -> Disposition:
        chance = (number + self._seed) * 2_654_435_761 % 2**32
        is_delivered = chance % 10 > 0
        at = NOON + timedelta(seconds=number % 3_600)
        return Disposition(
            phone=self._phone(number),
            state=DropState.DELIVERED if is_delivered else DropState.FAILED,
            status="OK" if is_delivered else "Failure",
            reason="" if is_delivered else REASONS[chance // 16 % len(REASONS)],
            delivered_text=eastern.wall_text(at),
            delivered_at=at,
            carrier=CARRIERS[chance // 256 % len(CARRIERS)],
        )
