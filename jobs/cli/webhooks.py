"""`webhooks`: which other systems are told what happened, whether they take it, and what they were not told.

A secret is shown once, when it is made; a URL without its query, which may hold one.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.options import Json
from jobs.cli.shown import both_times, clean, commands, counted, iso, plain_table, spoken
from jobs.documents.instants import parse_instant
from jobs.ledger import backlogs, bookmarks, replays, subscriptions
from jobs.ledger.backlogs import Standing
from jobs.ledger.subscriptions import Subscription
from jobs.models import TOPICS, InvalidCampaign
from jobs.webhooks import receivers
from jobs.webhooks.receivers import Unfit

webhooks = typer.Typer(
    help="Tell other systems what happens, by signed HTTP requests.", no_args_is_help=True, rich_markup_mode=None
)

OLD_SECRET_FOR = timedelta(days=1)

MOST_SHOWN = 20

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the webhook is called here.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="Where it is told: https, or http on this machine.")]
Topics = Annotated[
    list[str] | None,
    typer.Option("--about", metavar="TOPIC", help=f"{', '.join(TOPICS)}; may be repeated. [campaign]"),
]
Since = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Also what was told before: all since then that is still kept.")
]


@webhooks.command("add")
def add(context: typer.Context, name: Name, url: Url, about: Topics = None, as_json: Json = False) -> None:
    """Tell a system what happens from now on. Its secret is shown this once.

    `drops` tells how every drop ended, with the whole phone number: only for a system that may know it.
    """
    invocation = of(context, as_json=as_json)
    try:
        made = receivers.new(name, url, about or ["campaign"], now=invocation.clock())
    except Unfit as unfit:
        raise Failure(Exit.BAD_INPUT, str(unfit), kept=NOTHING_CHANGED) from None
    if not subscriptions.add(invocation.redis, made):
        raise Failure(Exit.BAD_INPUT, f"there is a webhook named {clean(name)!r} already", kept=NOTHING_CHANGED)
    invocation.answer({**_document(backlogs.stand(invocation.redis, made)), "secret": made.secrets[0]})
    invocation.say(f"{name} is told of {', '.join(made.topics)} from now on. Its secret, which is not shown again:\n")
    _show_secret(invocation, made)
    invocation.say(commands(("try it", f"webhooks test {name}"), ("how it does", "webhooks list")))


@webhooks.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Show every webhook and how it does."""
    invocation = of(context, as_json=as_json)
    found = backlogs.everyone(invocation.redis)
    invocation.answer({"webhooks": [_document(each) for each in found]})
    if not found:
        invocation.say("No system is told of anything yet: webhooks add --help")
        return
    table = plain_table("name", "host", "about", "told", "waiting", "given up", "state", right=("told", "waiting"))
    for each in found:
        webhook, bookmark = each.webhook, each.bookmark
        waiting = f"{each.waiting:,}{'+' if each.backlog.is_more else ''}"
        numbers = (f"{bookmark.told:,}", waiting, f"{bookmark.untold:,}")
        table.add_row(webhook.name, webhook.host, ", ".join(webhook.topics), *numbers, _state(each, invocation.clock()))
    invocation.say(table)


@webhooks.command("remove")
def remove(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Tell a system nothing any more, and forget what it was not told."""
    invocation = of(context, as_json=as_json)
    subscriptions.remove(invocation.redis, _known(invocation, name))
    invocation.answer({"removed": name})
    invocation.say(f"{name} is told nothing any more.")


@webhooks.command("test")
def try_out(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Tell a system a `webhook.test` now, and say what it answered."""
    invocation = of(context, as_json=as_json)
    answer, took_s = receivers.try_out(invocation.redis, _known(invocation, name), clock=invocation.clock)
    invocation.answer({"is_taken": answer.is_taken, "answer": answer.words, "took_s": round(took_s, 3)})
    if not answer.is_taken:
        what = f"{name} did not take it: {answer.words}"
        raise Failure(Exit.NO_ANSWER, what, kept="What happens meanwhile is kept and told later.")
    invocation.say(f"{name} took it: {answer.words}, in {took_s:.2f} s.")


@webhooks.command("rotate")
def rotate(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Make a new secret. The old one signs as well for a day, so that the receiver can change it without haste."""
    invocation = of(context, as_json=as_json)
    found, until = _known(invocation, name), invocation.clock() + OLD_SECRET_FOR
    changed = replace(found, secrets=(receivers.new_secret(), found.secrets[0]), old_until=until)
    if not subscriptions.change(invocation.redis, found, changed):
        what = f"{name} was changed or removed by somebody else just now"
        raise Failure(Exit.BAD_INPUT, what, kept=NOTHING_CHANGED)
    invocation.answer({"name": name, "secret": changed.secrets[0], "old_until": iso(until)})
    invocation.say(f"The new secret, which is not shown again; the old one signs as well until {spoken(until)}:\n")
    _show_secret(invocation, changed)


@webhooks.command("untold")
def untold(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show the events that were given up after all tries."""
    invocation = of(context, as_json=as_json)
    found = bookmarks.untold(invocation.redis, _known(invocation, name), most=MOST_SHOWN)
    invocation.answer({"untold": [{"id": f"evt_{each}", "given_up_at": iso(at)} for each, at in found]})
    for event_id, at in found:
        invocation.say(f"evt_{event_id}  given up {both_times(at)}")
    invocation.say(commands(("tell them again", f"webhooks replay {name}")) if found else "None.")


@webhooks.command("replay")
def replay(context: typer.Context, name: Name, since: Since = None, as_json: Json = False) -> None:
    """Tell a system again what it was not told; also switches it on again. A receiver knows a repetition by its id."""
    invocation = of(context, as_json=as_json)
    found, now = _known(invocation, name), invocation.clock()
    at = _instant(since) if since else None
    again = replays.tell_untold_again(invocation.redis, found, now=now)
    if at:
        replays.go_back(invocation.redis, found, at)
    replays.switch_on(invocation.redis, found, now=now)
    invocation.answer({"again": again, "since": iso(at)})
    also = f", and all since {spoken(at)} that is kept" if at else ""
    invocation.say(f"{counted(again, 'event')} that had been given up will be told again{also}.")


def _instant(since: str) -> datetime:
    try:
        return parse_instant(since, field="--since")
    except InvalidCampaign as unclear:
        raise Failure(Exit.BAD_INPUT, str(unclear), kept=NOTHING_CHANGED) from None


def _known(invocation: Invocation, name: str) -> Subscription:
    found = subscriptions.read(invocation.redis, name)
    if found is None:
        there_are = ", ".join(each.name for each in subscriptions.everyone(invocation.redis)) or "none"
        what = f"no webhook is named {clean(name)!r}; there is: {there_are}"
        raise Failure(Exit.BAD_INPUT, what, kept=NOTHING_CHANGED)
    return found


def _show_secret(invocation: Invocation, webhook: Subscription) -> None:
    if not invocation.as_json:  # on a line of its own, whole, to be copied
        invocation.out.print(f"{webhook.secrets[0]}\n", highlight=False, soft_wrap=True)


def _state(standing: Standing, now: datetime) -> str:
    bookmark, backlog = standing.bookmark, standing.backlog
    since = f"; the first that is new waits since {spoken(backlog.since)}" if backlog.since else ""
    if bookmark.off_since:
        return f"off since {spoken(bookmark.off_since)}: {bookmark.off_why}{since}"
    if bookmark.rests_until and standing.rests_at(now):
        return f"takes nothing ({bookmark.last_answer}); tried again {spoken(bookmark.rests_until)}{since}"
    again = f"; {counted(bookmark.again, 'event')} not taken, to be tried again" if bookmark.again else ""
    until = f" before {spoken(bookmark.missed_until)}" if bookmark.missed_until else ""
    missed = f"; {counted(bookmark.missed, 'event')}{until} were lost to it" if bookmark.missed else ""
    return (bookmark.last_answer or "nothing told yet") + since + again + missed


def _document(standing: Standing) -> dict[str, Any]:
    webhook, bookmark, backlog = standing.webhook, standing.bookmark, standing.backlog
    return {
        "name": webhook.name,
        "host": webhook.host,
        "about": list(webhook.topics),
        "created_at": iso(webhook.created_at),
        "off_since": iso(bookmark.off_since),
        "off_why": bookmark.off_why or None,
        "told": bookmark.told,
        "told_at": iso(bookmark.told_at),
        "behind": backlog.count,
        "behind_is_more": backlog.is_more,
        "behind_since": iso(backlog.since),
        "again": bookmark.again,
        "untold": bookmark.untold,
        "failures": bookmark.failures,
        "rests_until": iso(bookmark.rests_until),
        "last_answer": bookmark.last_answer or None,
        "missed": bookmark.missed,
        "missed_until": iso(bookmark.missed_until),
    }
