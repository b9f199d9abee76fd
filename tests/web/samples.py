"""A ledger with something of everything, as a person might find it; written as the workers write it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from redis import Redis

from jobs.campaigns.marks import mark_of
from jobs.ledger import (
    balances,
    bookmarks,
    campaigns,
    claims,
    days,
    dispositions,
    events,
    evidence,
    keys,
    runs,
    submissions,
    subscriptions,
)
from jobs.ledger.balances import Noted
from jobs.ledger.bookmarks import End, Verdict
from jobs.ledger.campaigns import NewCampaign
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Events
from jobs.models import (
    TOPICS,
    Disposition,
    DropState,
    Evidence,
    ExcludedRow,
    Finding,
    Intent,
    Run,
    Submission,
    SubmissionState,
    Terms,
)
from jobs.models.reports import DayReport
from jobs.webhooks import receivers

LONG = timedelta(days=180)
WEBHOOKS = {"billing-and-appointments-of-the-east-end": TOPICS, "crm": ("campaign",)}
HOST = "receiver-of-everything-that-happens.appointments.example.com:8443"
REASONS = ("Machine not detected", "Busy", "Disconnected", "No answer")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One campaign of the ledger: how many phones in each submission, and how long ago it was taken."""

    id: str
    title: str
    sizes: Sequence[int]
    ago: timedelta


def phones(count: int, area: int) -> list[str]:
    """So many sample phones; a hundred for each area code."""
    return [f"{area + number // 100}55501{number % 100:02d}" for number in range(count)]


def take(redis: Redis, sample: Sample, now: datetime, *, ends_in: timedelta | None = None) -> str:
    """A campaign that is in the ledger and was not sent yet."""
    taken_at, area = now - sample.ago, 212
    chunks = []
    for size in sample.sizes:
        chunks.append(phones(size, area))
        area += -(-size // 100)
    ends_at = now + ends_in if ends_in else None
    terms = Terms(caller_id="6175550100", audio_title="Reminder", title=sample.title, ends_at=ends_at)
    excluded = [
        *(ExcludedRow(line, "n/a", "not_a_number") for line in range(7)),
        ExcludedRow(9, "(again)", "duplicate", 8),
    ]
    key = sample.title.lower().replace(" ", "-")
    new = NewCampaign(sample.id, key, {}, terms, sum(sample.sizes) + 8, chunks, excluded, due_at=taken_at)
    return campaigns.take(redis, new, now=taken_at, keep_key=LONG).campaign_id


def send(redis: Redis, submission_id: str, at: datetime, to: SubmissionState = SubmissionState.ACCEPTED) -> Submission:
    """Have it sent, with this end; answers it as it is then."""
    found = read(redis, submission_id)
    session_id = str(4_000_000_000 + int.from_bytes(submission_id.encode()[-3:], "big"))
    claims.claim(redis, submission_id, attempt=f"{submission_id:0>32}", now=at, until=at + MINUTE)
    submissions.move(redis, found, SubmissionState.SENDING, now=at, sent_at=to_ms(at))
    if to is SubmissionState.ACCEPTED:
        name = keys.session("default", session_id)
        count = {"gateway_count": found.phone_count, "session_id": session_id}
        submissions.move(redis, found, to, now=at, session_key=name, **count)  # type: ignore[arg-type]  # fields
    else:
        submissions.move(redis, found, to, now=at, reason="the gateway gave no answer within 20 s")
    return read(redis, submission_id)


def hear(redis: Redis, submission: Submission, share: float, now: datetime, lasted: timedelta, seed: int = 1) -> None:
    """Call records for that share of the phones, spread over the time that they lasted."""
    chance = Random(seed)
    sent = submissions.phones(redis, submission.id)
    chance.shuffle(sent)
    heard = sent[: int(len(sent) * share)]
    records = [_record(phone, now - lasted * chance.random() ** 0.8, chance) for phone in heard]
    dispositions.record(redis, submission, records, now=now)


def _record(phone: str, at: datetime, chance: Random) -> Disposition:
    if chance.random() < 0.86:
        return Disposition(phone, DropState.DELIVERED, "OK", delivered_at=at, delivered_text="")
    return Disposition(phone, DropState.FAILED, "Failed", chance.choice(REASONS), delivered_at=at, delivered_text="")


def read(redis: Redis, submission_id: str) -> Submission:
    """It must be there."""
    (found,) = submissions.read(redis, [submission_id])
    return found


def finish(redis: Redis, submission: Submission, now: datetime) -> None:
    """No more call records come."""
    dispositions.close(redis, submission)
    submissions.move(redis, submission, SubmissionState.FINISHED, now=now)


def fill(redis: Redis, *, now: datetime) -> Mapping[str, str]:
    """Campaigns in many states, an unknown submission, balances and a day; the ids by what they show."""
    hour = timedelta(hours=1)
    samples = {
        "finished": Sample("bdfghjkm", "Autumn reminder", [1200], 30 * hour),
        "unknown": Sample("cdfghjkn", "Clinic closes early", [800, 640], 5 * hour),
        "paused": Sample("dfghjkmp", "Pharmacy pick-up", [900], 3 * hour),
        "running": Sample("fghjkmnq", "Spring check-up, second letter", [2500, 2500, 1800], 2 * hour),
        "waiting": Sample("ghjkmnpr", "Monday's appointments", [400], 0.2 * hour),
    }
    for name, topics in WEBHOOKS.items():
        subscriptions.add(redis, receivers.new(name, f"https://{HOST}/told?by={name}", topics, now=now - 31 * hour))
    for name, each in samples.items():
        take(redis, each, now, ends_in=6 * hour if name == "running" else None)
    done = send(redis, "bdfghjkm-1", now - 30 * hour)
    hear(redis, done, 0.99, now - 26 * hour, 4 * hour)
    finish(redis, done, now - 26 * hour)
    _doubt(redis, now)
    held = send(redis, "dfghjkmp-1", now - 3 * hour)
    hear(redis, held, 0.35, now - 2 * hour, hour)
    campaigns.intend(redis, "dfghjkmp", Intent.PAUSE, note="the recording is to be heard again", now=now, by="dana")
    runs.confirm(redis, held, Run.PAUSED, now=now)
    for number, share in (("1", 0.97), ("2", 0.6)):
        hear(redis, send(redis, f"fghjkmnq-{number}", now - 2 * hour), share, now, 2 * hour, int(number))
    for back in range(60):
        remaining = 92_000 - 1_350 * (60 - back) if back > 20 else 140_000 - 1_500 * (60 - back)
        balances.note(redis, "default", Noted(now - back * 12 * hour, remaining, 120 if back == 0 else 0))
    for back in (1, 2, 3):
        day = (now - back * 24 * hour).date()
        days.keep(redis, DayReport(account="default", day=day, found_at=now, is_done=True, listed=3, matched=3))
    _trouble(redis, now)
    return {name: each.id for name, each in samples.items()}


def _doubt(redis: Redis, now: datetime) -> None:
    """One of two submissions whose answer never came, and what was seen since."""
    hour = timedelta(hours=1)
    hear(redis, send(redis, "cdfghjkn-1", now - 5 * hour), 0.9, now - 3 * hour, 2 * hour)
    lost = send(redis, "cdfghjkn-2", now - 4 * hour, SubmissionState.UNKNOWN)
    mark = mark_of(lost.attempt)
    for minutes in (10, 14, 18):
        words = "the gateway lists no session that may be it"
        seen = Evidence(
            now - 4 * hour + minutes * MINUTE, Finding.ABSENT, words, mark, balance="61,200 left, 0 pending"
        )
        evidence.add(redis, lost.id, seen)


def _trouble(redis: Redis, now: datetime) -> None:
    """One receiver takes nothing and has missed something, the other is gone."""
    for end, webhook in zip((End.GIVEN_UP, End.GONE), subscriptions.everyone(redis), strict=True):
        for event in events.after(redis, Events.WORK, "0-0", most=3):
            bookmarks.take_turn(redis, webhook, "worker.1", now=now, lease=MINUTE)
            words = "HTTP 410" if end is End.GONE else "no connection in time"
            verdict = Verdict(end, now, words, tries=8, failures=12, rests_until=now + 5 * MINUTE)
            bookmarks.note(redis, webhook, "worker.1", verdict, event_id=event.id, most_untold=2)
            bookmarks.end_turn(redis, webhook, "worker.1", now=now)
