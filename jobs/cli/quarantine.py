"""`quarantine`: the postbacks that changed nothing, and how many came to which end."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from config.masking import mask_text
from jobs.cli.invocation import of
from jobs.cli.options import Json
from jobs.cli.shown import both_times, clean, commands, counted, iso, plain_table
from jobs.ledger import arrivals
from jobs.ledger import quarantine as kept
from jobs.ledger.arrivals import Arrivals
from jobs.ledger.quarantine import KEPT_FOR, Quarantined
from jobs.outcomes.heard import QUARANTINED, Heard

MOST_SHOWN = 20
LONGEST_SHOWN = 60
"""Characters of what a postback said; `--json` has more."""

_MEANS: Mapping[str, str] = {
    Heard.CONTRARY: "it says otherwise than the first record of that call, which stays",
    Heard.FOREIGN_PHONE: "the phone is not on the submission that the URL belongs to",
    Heard.FOREIGN_SESSION: "the session is not that of the submission that the URL belongs to",
    Heard.UNREADABLE: "there is no call record in it",
    Heard.OVERSIZED: "it is longer than any call record",
    Heard.UNKNOWN_TOKEN: "no attempt has that URL: it is forged, too old, or meant for another Dropline",
}


def quarantine(context: typer.Context, as_json: Json = False) -> None:
    """Show postbacks that changed nothing: what came, from where, and why it was not taken.

    The newest of each kind are kept for 14 days. Phones are shown by their last digits, and no URL's secret is kept.
    """
    invocation = of(context, as_json=as_json)
    found = kept.read(invocation.redis, QUARANTINED, now=invocation.clock())
    heard = arrivals.read(invocation.redis)
    invocation.answer({"postbacks": dict(heard.ends), "quarantine": [_document(each) for each in found]})
    invocation.say(_picture(found, heard))


def _picture(found: Sequence[Quarantined], heard: Arrivals) -> RenderableType:
    if not heard.ends:
        return Text("No postback has come yet.")
    total = sum(heard.ends.values())
    parts: list[RenderableType] = [Text(f"{counted(total, 'postback')} came so far.", style="bold"), _ends(heard)]
    if not found:
        return Group(*parts, Text(), Text(f"None that changed nothing came within {KEPT_FOR.days} days."))
    shown = found[:MOST_SHOWN]
    newest = f"The newest {len(shown)} of {len(found):,} kept" if len(found) > len(shown) else "All that are kept"
    parts += [Text(), Text(f"{newest} of those that changed nothing, the newest first:"), _table(shown)]
    named = next((each for each in shown if each.submission_id), None)
    if named:
        campaign_id = named.submission_id.rpartition("-")[0]
        parts += [Text(), commands(("the campaign of one", f"show {campaign_id}"))]
    return Group(*parts)


def _ends(heard: Arrivals) -> RenderableType:
    table = plain_table("end", "postbacks", "", right=("postbacks",))
    for end, count in sorted(heard.ends.items(), key=lambda item: -item[1]):
        table.add_row(end, f"{count:,}", _MEANS.get(end, ""))
    return table


def _table(found: Sequence[Quarantined]) -> RenderableType:
    table = plain_table("came", "why", "from", "submission", "session", "bytes", "said", right=("bytes",))
    for each in found:
        came = both_times(each.at).partition("   ")[0]
        where = each.submission_id or f"unknown [{each.mark}]"
        table.add_row(came, each.kind, clean(each.source), where, each.session_id, f"{each.size:,}", _cut(_said(each)))
    return table


def _document(entry: Quarantined) -> dict[str, Any]:
    return {
        "at": iso(entry.at),
        "kind": entry.kind,
        "source": entry.source,
        "mark": entry.mark,
        "submission_id": entry.submission_id or None,
        "session_id": entry.session_id or None,
        "bytes": entry.size,
        "said": _said(entry),
    }


def _said(entry: Quarantined) -> str:
    return clean(mask_text(entry.said))


def _cut(said: str) -> str:
    return said if len(said) <= LONGEST_SHOWN else said[: LONGEST_SHOWN - 1] + "…"
