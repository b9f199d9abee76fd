"""The name of every Redis key that is ours. All begin with `dropline:`; RQ's own begin with `rq:`."""

from datetime import date
from enum import StrEnum

CAMPAIGNS = "dropline:campaigns"
"""Sorted set: campaign ids by the instant (ms) they were taken."""

UNFINISHED = "dropline:unfinished"
"""Sorted set: the ids of campaigns not known to be over, by the instant (ms) somebody last looked whether anything of
them was forgotten; and `-`, which says that the set is complete.
"""

WITH_PHONES = "dropline:with-phones"
"""Sorted set: campaigns whose phones are stored, by an instant (ms) at which each was not over for long enough yet;
and `-`, which says that the set is complete.
"""

PURGES = "dropline:purges"
"""Hash: JSON of each receipt of a purge, by its id. Never trimmed."""

LOW_BALANCES = "dropline:low-balances"
"""Hash: JSON of since when and which floor, by the account that is below it."""

MEMORY = "dropline:memory"
"""Hash: the epoch, the server run it belongs to, how many important writes there were, and how far past epochs came."""

HALT = "dropline:halt"
"""Hash: since when (ms) and why nothing may be sent until a person says go. Absent while all is well."""

DOUBT = "dropline:halt:doubt"
"""String: there for some seconds after the server was started anew; nothing is sent."""

HALTS = "dropline:halts"
"""Stream: past halts, and who ended them why."""

TOKENS = "dropline:tokens"
"""Hash: of every bearer token that was ever made, by its name, where it is kept: the digest's beginning."""

TICKS = "dropline:ticks"
"""Hash: of every entry of the timetable the newest slot (ms) that was claimed and how late (ms), and the tokens of the
newest claims.
"""

LEADERSHIP = "dropline:leadership"
"""Hash: the scheduler that ticks, its term, and until when (ms)."""

POSTBACKS = "dropline:postbacks"
"""Hash: how many postbacks came to which end, how late records were, and the tokens of the newest batches counted."""

TOTALS = "dropline:totals"
"""Hash: what processes have counted for those who watch; each field is what, and by what, parted by colons."""

TOTALS_BATCHES = "dropline:totals:batches"
"""String: the tokens of what was added last to the totals."""


PEOPLE = "dropline:people"
"""Hash: JSON of what each person may do, and the hash of their password, by name."""

LOOKS = "dropline:looks"
"""Sorted set: JSON of every look at whole phones, by its instant (ms); kept for a year."""


class Due(StrEnum):
    """What can be due later: one sorted set each, ids by the instant (ms) at which somebody must look again."""

    SEND = "dropline:due:send"
    """Submission ids that are not with the gateway yet."""
    REFRESH = "dropline:due:refresh"
    """Submission ids whose session's call records are wanted."""
    CONTROL = "dropline:due:control"
    """Campaign ids whose intent the gateway has not confirmed for every session."""
    QUESTION = "dropline:due:question"
    """Ids of questions about one call that the gateway has not answered yet."""
    REQUEUE = "dropline:due:requeue"
    """RQ job ids of campaigns handed in raw that failed for a passing reason."""
    SETTLE = "dropline:due:settle"
    """Submission ids of which nobody knows what became, or an earlier attempt of which may still turn up."""
    DO_NOT_DIAL = "dropline:due:do-not-dial"
    """Accounts whose own do-not-dial list the gateway has not confirmed to be in step with ours."""
    END = "dropline:due:end"
    """Campaign ids by their end time, until nothing of them runs any more."""
    ERRAND = "dropline:due:errand"
    """What the timetable has brought up, by its name and slot, until its job is done."""
    RECONCILE = "dropline:due:reconcile"
    """Days of accounts, `account/day`, whose comparison with the gateway is not through."""
    WEBHOOK = "dropline:due:webhook"
    """Names of webhooks that have something to tell, or rest until they may try again."""


class Events(StrEnum):
    """The streams of what happened, each entry written in the step that made it so; the newest ones are kept."""

    WORK = "dropline:events"
    """What became of campaigns and submissions."""
    DROPS = "dropline:drop-events"
    """How drops ended, with their phones, packed; written only while some webhook tells of it."""


EVENT_NUMBERS = "dropline:event-numbers"
"""Hash: how many events each stream has had; and of those of drops how many bytes, by `:weight` behind its name."""

PURGED_EVENTS = "dropline:purged-events"
"""Sorted set: the places of events of drops that were taken out with a phone, by their numbers; the newest."""

WEBHOOKS = "dropline:webhooks"
"""Hash: JSON of what a person set of every webhook, by its name."""

LISTENING = "dropline:webhooks:listening"
"""Set: the names of webhooks that are told of campaigns or submissions, and not switched off."""

LISTENING_TO_DROPS = "dropline:webhooks:listening-to-drops"
"""Set: the names of those that are told of drops."""

WAITING_FOR_TRIES = "dropline:webhooks:waiting-for-tries"
"""Hash: of webhooks that have only tries of events before them that were not taken, by name: from when (ms) they may be
told of new ones."""


IN_DOUBT = "dropline:in-doubt"
"""Sorted set: ids of submissions that may be with the gateway and have no answer (`sending` or `unknown`), by the
instant (ms) at which they began to be sent."""

DO_NOT_DIAL_LISTS = "dropline:do-not-dial"
"""Set: the accounts that have a do-not-dial list."""

DO_NOT_DIAL = "dropline:do-not-dial:"
"""What the key of every account's do-not-dial list begins with."""


def token(place: str) -> str:
    """Hash: a bearer token's digest, name, scopes and instants, by the beginning of its digest."""
    return f"dropline:token:{place}"


def idempotency(key: str) -> str:
    """String: JSON of the campaign id and the payload's fingerprint; expires after the promised time."""
    return f"dropline:key:{key}"


def campaign(campaign_id: str) -> str:
    """Hash: terms, intent, and counts by state."""
    return f"dropline:campaign:{campaign_id}"


def excluded(campaign_id: str) -> str:
    """String: the exclusion report, zlib-compressed JSON."""
    return f"dropline:excluded:{campaign_id}"


def words(campaign_id: str) -> str:
    """Hash: texts that call records repeat (reasons, carriers), each to its small number."""
    return f"dropline:words:{campaign_id}"


def tally(campaign_id: str) -> str:
    """Hash: how many drops ended with each outcome text, by its small number."""
    return f"dropline:tally:{campaign_id}"


def timeline(campaign_id: str) -> str:
    """Hash: how many drops ended in which five minutes, `start (s):state` each."""
    return f"dropline:timeline:{campaign_id}"


def requests(campaign_id: str) -> str:
    """Hash: JSON of every change of what was wanted of a campaign, by its number."""
    return f"dropline:requests:{campaign_id}"


def submission(submission_id: str) -> str:
    """Hash: state, attempt, session, counts."""
    return f"dropline:submission:{submission_id}"


def phones(submission_id: str) -> str:
    """String: the phones, ascending, 5 bytes each."""
    return f"dropline:phones:{submission_id}"


def dispositions(submission_id: str) -> str:
    """String: how each drop ended, 9 bytes each, in the order of the phones."""
    return f"dropline:dispositions:{submission_id}"


def session(account: str, session_id: str) -> str:
    """String: the submission that the gateway runs under this session id."""
    return f"dropline:session:{account}:{session_id}"


def listed(account: str, day: date) -> str:
    """Hash: submissions whose session the gateway may list under an Eastern day, each to the session that it must list
    there, and to nothing as long as that is not certain; expires.
    """
    return f"dropline:listed:{account}:{day}"


def days(account: str) -> str:
    """Hash: days that were compared with the gateway, each to `open` or `done`."""
    return f"dropline:days:{account}"


def day_work(account: str, day: date) -> str:
    """Hash: a comparison under way, and JSON of what each session of the day came to; expires."""
    return f"dropline:day-work:{account}:{day}"


def day_report(account: str, day: date) -> str:
    """String: JSON of what came of comparing a day; expires."""
    return f"dropline:day-report:{account}:{day}"


def balances(account: str) -> str:
    """Sorted set: `at:remaining:pending` by the instant (ms) of the question; the newest months."""
    return f"dropline:balances:{account}"


def attempt(token: str) -> str:
    """String: the submission that was sent under this token, which is in its postback URL; expires after 120 days."""
    return f"dropline:attempt:{token}"


def evidence(submission_id: str) -> str:
    """Hash: what was found out about a submission in doubt and what was decided, by instant; only added to."""
    return f"dropline:evidence:{submission_id}"


def foreign(submission_id: str) -> str:
    """Set: sessions that are certainly not this submission's; expires with the looking."""
    return f"dropline:foreign:{submission_id}"


def strays(campaign_id: str) -> str:
    """Hash: sessions of earlier attempts that turned up after all, each with what it does: `going` or `ended`."""
    return f"dropline:strays:{campaign_id}"


def question(question_id: str) -> str:
    """String: JSON of a question about one call, and of its answer; expires soon."""
    return f"dropline:question:{question_id}"


def do_not_dial(account: str) -> str:
    """Hash: how many numbers and changes the list has, and how far the gateway has confirmed them. The same name with
    `:bucket` is a set with a part of the numbers.
    """
    return f"{DO_NOT_DIAL}{account}"


def do_not_dial_history(account: str) -> str:
    """Stream: every change that was asked for, by the number of its last one; appended to, never trimmed."""
    return f"dropline:do-not-dial-history:{account}"


def do_not_dial_refused(account: str) -> str:
    """Set: the numbers that the gateway would not take, packed."""
    return f"dropline:do-not-dial-refused:{account}"


def do_not_dial_request(token: str) -> str:
    """String: what a change came to, for the time in which its command may be sent again."""
    return f"dropline:do-not-dial-request:{token}"


def slots(account: str) -> str:
    """Hash: from when on the account's next slots are free, and the tokens of those taken last."""
    return f"dropline:slots:{account}"


def line(account: str, lane: str) -> str:
    """Sorted set: campaigns that were turned away, by the instant (ms) for which the last of each was told."""
    return f"dropline:line:{account}:{lane}"


def breaker(account: str, cause: str = "trouble") -> str:
    """Hash: failures in a row of the account's calls, and since when it is given a rest. Absent when all is well."""
    return f"dropline:breaker:{cause}:{account}"


def open_breakers(cause: str) -> str:
    """Set: the accounts whose breaker for this cause is open."""
    return f"dropline:open-breakers:{cause}"


def quarantine(kind: str) -> str:
    """List: JSON of the newest postbacks that changed nothing, of one kind, newest first; expires."""
    return f"dropline:quarantine:{kind}"


def login(digest: str) -> str:
    """String: JSON of who is logged in, under the hash of the cookie that proves it; expires when it is not used."""
    return f"dropline:login:{digest}"


def failed_logins(who: str) -> str:
    """Hash: how many logins failed lately under a name or from a network, and the last one's token; expires."""
    return f"dropline:failed-logins:{who}"


def webhook(webhook_id: str) -> str:
    """Hash: how far a webhook has come in each stream, who tells it now, whether it is off, what it has missed. It is
    there as long as the webhook is.
    """
    return f"dropline:webhook:{webhook_id}"


def webhook_again(webhook_id: str) -> str:
    """Sorted set: events that could not be told, by the instant (ms) of the next try."""
    return f"dropline:webhook:{webhook_id}:again"


def webhook_tries(webhook_id: str) -> str:
    """Hash: how often each event that could not be told was tried."""
    return f"dropline:webhook:{webhook_id}:tries"


def webhook_untold(webhook_id: str) -> str:
    """Sorted set: the newest events that were given up, by the instant (ms) of that, until they are told after all."""
    return f"dropline:webhook:{webhook_id}:untold"
