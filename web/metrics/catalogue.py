"""Every metric as data: its name, what it means, its labels, and where its samples come from.

Law of the room: a label's values are words of ours, queues, or names of accounts and webhooks. Never a phone, a
title or a key.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.ledger import meter
from jobs.ledger.breaker import BreakerState
from jobs.ledger.meter import Count
from jobs.outcomes.heard import Heard
from web.bearer import REFUSED, Wrong
from web.metrics.metric import (
    Found,
    Kind,
    Metric,
    Sample,
    clocked,
    counted,
    each_account,
    each_breaker,
    each_queue,
    each_webhook,
    each_word,
    one,
    says,
    server,
)
from web.postbacks import TurnedAway

QUEUES = (
    each_queue("dropline_queue_jobs", "Jobs that wait in a queue.", lambda queue: queue.waiting),
    each_queue(
        "dropline_queue_oldest_seconds",
        "How long the first job of a queue has waited.",
        lambda queue: queue.oldest.total_seconds(),
    ),
    each_queue("dropline_failed_jobs", "Jobs of a queue that failed and are still kept.", lambda queue: queue.failed),
    each_queue("dropline_workers", "Workers of a queue that were heard of lately.", lambda queue: queue.workers),
)

DUE = (
    Metric(
        "dropline_due",
        Kind.GAUGE,
        "What somebody must look at, now or later, by the due set it stands in.",
        lambda found: [((due.name.lower(),), waiting.count) for due, waiting in found.vitals.due.items()],
        ("set",),
    ),
    Metric(
        "dropline_due_late_seconds",
        Kind.GAUGE,
        "By how much the first of a due set is late; 0 where its time is still to come.",
        lambda found: [((due.name.lower(),), found.age(waiting.first_at)) for due, waiting in found.vitals.due.items()],
        ("set",),
    ),
)

CAMPAIGNS = (
    each_word("dropline_campaigns", "Campaigns by status.", "status", lambda found: found.counts.campaigns),
    each_word("dropline_submissions", "Submissions by state.", "state", lambda found: found.counts.submissions),
    each_word("dropline_drops", "Drops by how they ended.", "state", lambda found: found.counts.drops),
    one(
        "dropline_campaigns_not_counted",
        "Campaigns that the three above do not count yet: above 0 for some scrapes after a start of the web process.",
        lambda found: found.counts.not_yet,
    ),
    one(
        "dropline_in_doubt_submissions",
        "Submissions on their way to the gateway, or of which nobody knows whether it took them.",
        lambda found: found.vitals.in_doubt.count,
    ),
    one(
        "dropline_in_doubt_oldest_seconds",
        "How long ago the first of those began to be sent.",
        lambda found: found.age(found.vitals.in_doubt.first_at),
    ),
    clocked(
        "dropline_end_lateness_seconds",
        "By how much the gateway's confirmation of a stop came after a campaign's end time.",
        meter.END_LATE,
    ),
)

GATEWAY = (
    counted(
        "dropline_gateway_calls_total",
        "Calls that workers made to the gateway, by lane (ends, verbs, submissions, reads) and by how they ended.",
        Count.CALLS,
        "lane",
        "end",
        "account",
    ),
    clocked(
        "dropline_gateway_call_duration_seconds",
        "From before a call to the gateway until its end was known.",
        meter.CALL,
        "lane",
    ),
    clocked("dropline_limiter_wait_seconds", "How long calls waited for their slot.", meter.SLOT_WAIT, "lane"),
    counted(
        "dropline_calls_turned_away_total",
        "Calls that were told to come back later, by a limit or by an open breaker.",
        Count.TURNED_AWAY,
        "lane",
    ),
    each_breaker(
        "dropline_breaker_open",
        "1 while an account's calls are held back: `trouble` with the gateway, or its `refusal` of the account.",
        lambda _, state, __: state is not BreakerState.CLOSED,
    ),
    each_breaker(
        "dropline_breaker_open_seconds",
        "For how long they have been held back; 0 while they are not.",
        lambda found, _, opened_at: found.age(opened_at),
    ),
    each_account(
        "dropline_balance_messages",
        "What an account can still send, as it was noted last.",
        lambda _, vitals: vitals.balance.remaining if vitals.balance else None,
    ),
    each_account(
        "dropline_balance_age_seconds",
        "How long ago that was noted.",
        lambda found, vitals: found.age(vitals.balance.at) if vitals.balance else None,
    ),
    each_account(
        "dropline_balance_is_low", "1 while an account is below its BALANCE_FLOOR.", lambda _, vitals: vitals.is_low
    ),
    each_account(
        "dropline_do_not_dial_unconfirmed",
        "Changes of an account's do-not-dial list that the gateway has not confirmed. Ours hold all the same.",
        lambda _, vitals: vitals.unconfirmed,
    ),
)


def _each(words: Iterable[str], counts: Mapping[Any, int]) -> Iterable[Sample]:
    """Also of what never was: a counter that begins at 1 has not grown, as far as a rule can see."""
    return [((word,), counts.get(word, 0)) for word in dict.fromkeys([*words, *counts])]


POSTBACKS = (
    Metric(
        "dropline_postbacks_total",
        Kind.COUNTER,
        "Postbacks that came to the ledger, by what came of each: docs/postbacks.md says what each end means.",
        lambda found: _each(Heard, found.arrivals.ends),
        ("end",),
    ),
    Metric(
        "dropline_postback_lag_seconds",
        Kind.HISTOGRAM,
        "From the time that a call record states to its arrival.",
        lambda found: [((), found.arrivals.lag)],
    ),
    Metric(
        "dropline_postbacks_turned_away_total",
        Kind.COUNTER,
        "Postbacks that this process did not look at, by why: too many or too slow, or the ledger was away.",
        lambda found: _each(TurnedAway, found.turned_away),
        ("why",),
    ),
    one(
        "dropline_postbacks_expected",
        "1 where this process knows a PUBLIC_URL, at which workers have the gateway post call records.",
        lambda found: found.are_postbacks_expected,
    ),
)

STRANGERS = (
    Metric(
        "dropline_web_tokens_refused_total",
        Kind.COUNTER,
        "Bearer tokens that opened nothing in this process: wrong ones, and those after too many from one address.",
        lambda _: _each(Wrong, REFUSED),
        ("why",),
    ),
)

WEBHOOKS = (
    each_webhook(
        "dropline_webhook_waiting",
        "Events that a receiver is still to be told; of one that is told of one topic, at most a thousand new ones.",
        lambda _, each: each.waiting,
    ),
    each_webhook(
        "dropline_webhook_oldest_seconds",
        "How long ago the first event happened that was not tried yet; 0 where there is none.",
        lambda found, each: found.age(each.backlog.since),
    ),
    each_webhook(
        "dropline_webhook_untold",
        "Events that were given up after their last try, until a person has them told again.",
        lambda _, each: each.bookmark.untold,
    ),
    each_webhook(
        "dropline_webhook_missed_total",
        "Events that were not kept until they could be told.",
        lambda _, each: each.bookmark.missed,
        Kind.COUNTER,
    ),
    each_webhook(
        "dropline_webhook_resting",
        "1 while nothing is tried because a receiver takes nothing.",
        lambda found, each: each.rests_at(found.vitals.at),
    ),
    each_webhook(
        "dropline_webhook_failures",
        "Tries that failed one after the other; 0 once one was taken.",
        lambda _, each: each.bookmark.failures,
    ),
    each_webhook(
        "dropline_webhook_off",
        "1 while a webhook is switched off, because its receiver answered 410.",
        lambda _, each: each.bookmark.off_since is not None,
    ),
)


def _compared(found: Found) -> Iterable[Sample]:
    for account, vitals in found.vitals.accounts.items():
        for ago, day in vitals.days.items():
            yield from (((account, str(ago), finding), count) for finding, count in day.sessions.items())


def _done(found: Found) -> Iterable[Sample]:
    for account, vitals in found.vitals.accounts.items():
        yield from (((account, str(ago)), float(day.is_done)) for ago, day in vitals.days.items())


RECONCILIATION = (
    Metric(
        "dropline_reconciled_sessions",
        Kind.GAUGE,
        "Sessions of one of the last three Eastern days, by what its comparison with the gateway found of them.",
        _compared,
        ("account", "days_ago", "finding"),
    ),
    Metric(
        "dropline_reconciled",
        Kind.GAUGE,
        "1 where all of that day is compared. Absent where no comparison came to an end.",
        _done,
        ("account", "days_ago"),
    ),
)

CLOCK = (
    one("dropline_scheduler_leads", "1 while a scheduler holds the lease.", lambda found: found.vitals.is_led),
    one(
        "dropline_scheduler_terms_total",
        "How many schedulers have held the lease, one after the other.",
        lambda found: found.vitals.term,
        Kind.COUNTER,
    ),
    Metric(
        "dropline_timetable_slot_timestamp_seconds",
        Kind.GAUGE,
        "The newest slot of an entry of the timetable that was run or passed over.",
        lambda found: [((name,), slot.at.timestamp()) for name, slot in found.vitals.slots.items()],
        ("entry",),
    ),
    Metric(
        "dropline_timetable_late_seconds",
        Kind.GAUGE,
        "How late that slot was run.",
        lambda found: [
            ((name,), slot.late.total_seconds()) for name, slot in found.vitals.slots.items() if slot.late is not None
        ],
        ("entry",),
    ),
)

LEDGER = (
    Metric(
        "dropline_sending_halted",
        Kind.GAUGE,
        "1 while nothing is sent: because a `person` wants it so, or because the ledger's `memory` has a gap.",
        lambda found: [
            (("person",), float(found.vitals.is_halted)),
            (("memory",), float(found.vitals.has_forgotten)),
        ],
        ("cause",),
    ),
    one(
        "dropline_sending_doubted",
        "1 for some seconds after the Redis server was started anew, in which nothing is sent.",
        lambda found: found.vitals.is_doubted,
    ),
    server("dropline_redis_memory_bytes", "What the Redis server uses.", lambda told: told.get("used_memory")),
    server(
        "dropline_redis_memory_limit_bytes",
        "The most it may use; 0 for no limit of its own.",
        lambda told: told.get("maxmemory"),
    ),
    server(
        "dropline_redis_evicted_keys_total",
        "Keys that it has dropped because it was full. Anything but 0 is a loss.",
        lambda told: told.get("evicted_keys"),
        Kind.COUNTER,
    ),
    server(
        "dropline_redis_append_only", "1 where it writes an append-only file.", lambda told: told.get("aof_enabled")
    ),
    server(
        "dropline_redis_writes_reach_disk",
        "1 where its last write to the append-only file went well.",
        says("aof_last_write_status", "ok"),
    ),
    server(
        "dropline_redis_connections", "Connections to it, of everybody.", lambda told: told.get("connected_clients")
    ),
    one("dropline_scrape_seconds", "How long reading all this took.", lambda found: found.took.total_seconds()),
)

CATALOGUE: Mapping[str, tuple[Metric, ...]] = {
    "Queues and workers": QUEUES,
    "What is due": DUE,
    "Campaigns": CAMPAIGNS,
    "The gateway and its accounts": GATEWAY,
    "Postbacks": POSTBACKS,
    "Who comes in": STRANGERS,
    "Webhooks": WEBHOOKS,
    "Reconciliation": RECONCILIATION,
    "Scheduler": CLOCK,
    "Ledger and Redis": LEDGER,
}
"""All metrics, by what they are about."""

METRICS: tuple[Metric, ...] = tuple(metric for part in CATALOGUE.values() for metric in part)
