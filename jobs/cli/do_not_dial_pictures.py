"""Do-not-dial lists in front of people and programs. Law of the room: pure, and every phone by its last digits."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from config.masking import mask_phone, mask_text
from jobs.campaigns.do_not_dial import Changed, Request, Verb
from jobs.cli.planning import excluded_table
from jobs.cli.shown import both_times, clean, counted, masked_row, plain_table, spoken
from jobs.ledger.do_not_dial import ListView

MOST_EXAMPLES = 10


def changed_picture(verb: Verb, changed: Changed, found: ListView) -> RenderableType:
    """What came of a change, in sentences, and the rows that came to nothing."""
    where = f"the do-not-dial list of account {found.account}"
    if verb is Verb.ADD:
        said = f"{counted(changed.changed, 'phone')} put on {where}, {changed.unchanged:,} already there."
        then = "Nothing new is sent to them from this moment, and the gateway is being told."
    else:
        said = f"{counted(changed.changed, 'phone')} taken off {where}, {changed.unchanged:,} not there."
        then = "Campaigns that are handed in from now on may call them; the gateway is being told."
    parts: list[RenderableType] = [Text(said, style="green"), Text(then)]
    if changed.refused:
        parts += [Text(), excluded_table(Counter(str(each.reason) for each in changed.refused)), _examples(changed)]
    return Group(*parts)


def lists_picture(found: Iterable[ListView]) -> RenderableType:
    """A line per account, and below it what keeps the gateway from being told."""
    table = plain_table("account", "numbers", "not confirmed", "refused", "confirmed", right=("numbers",))
    troubles = []
    for each in found:
        confirmed = both_times(each.confirmed_at) if each.confirmed_at else ""
        table.add_row(each.account, f"{each.numbers:,}", f"{each.unconfirmed:,}", f"{each.refused:,}", confirmed)
        if each.trouble:
            troubles.append(Text(_trouble(each), style="yellow"))
    meaning = "Not confirmed: changes that hold here, and that the gateway has not said yes to yet."
    return Group(table, Text(), Text(meaning, style="dim"), *troubles)


def _trouble(found: ListView) -> str:
    said = f"{found.account}: {clean(mask_text(found.trouble)).rstrip('.')}."
    return f"{said} The next try is at {spoken(found.next_try_at)}." if found.next_try_at else said


def history_picture(account: str, phone: str, found: Sequence[Request], *, is_listed: bool) -> RenderableType:
    """Whether a phone is on the list, and every request that named it."""
    verdict = "is on" if is_listed else "is not on"
    head = Text(f"{mask_phone(phone)} {verdict} the do-not-dial list of account {account}.", style="bold")
    if not found:
        return Group(head, Text("Nobody ever asked for anything concerning it."))
    table = plain_table("when", "what", "by", "why", "source")
    for each in found:
        asked = each.asked
        told = (asked.by, asked.why, asked.source)
        table.add_row(both_times(asked.at), each.verb, *(clean(mask_text(text)) for text in told))
    return Group(head, Text(), table)


def _examples(changed: Changed) -> RenderableType:
    table = plain_table("line", "reason", "as written", right=("line",))
    for each in changed.refused[:MOST_EXAMPLES]:
        table.add_row(f"{each.line:,}", each.reason.replace("_", " "), masked_row(each.text))
    return table
