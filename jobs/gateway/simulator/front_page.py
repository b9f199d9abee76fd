"""The page a person sees at `/_simulator/`."""

import json
from collections.abc import Sequence
from html import escape

from jobs.gateway.simulator.faults import Faults
from jobs.gateway.simulator.gateway import Gateway
from jobs.gateway.simulator.listings import summary
from jobs.gateway.simulator.outcomes import MAGIC, MAGIC_EXCHANGE, REASONS
from jobs.gateway.simulator.wall_time import eastern_text

NEWEST = 50

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .2rem .8rem .2rem 0 }
th { border-bottom: 1px solid #999; font-weight: 600 } td { border-bottom: 1px solid #eee }
pre, code { background: #f4f4f4; padding: .1rem .3rem } pre { padding: .8rem; overflow-x: auto }
"""

_LINKS = ("summary", "sessions?phones=0", "requests", "settings", "faults", "clock", "do_not_dial", "schema", "health")


def front_page(gateway: Gateway, faults: Faults, base_url: str) -> str:
    """HTML without scripts; shows no password."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Gateway simulator</title><style>{_STYLE}</style></head><body>
<h1>Gateway simulator</h1>
<p>This is a stand-in for the voicemail gateway. It calls nobody and remembers everything. Point your client at
<code>{escape(base_url)}</code>, as {escape(" or ".join(gateway.settings.accounts))}.</p>
<pre>{escape(_example(base_url))}</pre>
<h2>Now</h2>
{_now(gateway, faults)}
<h2>Sessions</h2>
{_sessions(gateway)}
<h2>Magic numbers</h2>
<p>A phone of the form NPA-{MAGIC_EXCHANGE}-xxxx with these last four digits always ends this way:</p>
{_table(("ends in", "outcome", "reason"), [(last, what, REASONS.get(what, "")) for last, what in MAGIC.items()])}
<h2>Switches turned</h2>
{_switches(gateway)}
<h2>Look and switch</h2>
<ul>{"".join(f'<li><a href="/_simulator/{link}">{link}</a></li>' for link in _LINKS)}</ul>
<p>POST JSON to <code>settings</code>, <code>faults</code>, <code>clock</code> or <code>door</code>; their fields are
in <a href="/_simulator/schema">schema</a>.</p>
</body></html>
"""


def _example(base_url: str) -> str:
    return (
        f"curl {base_url}vmb.php -d c_uid=demo -d c_password=demo -d c_date=now \\\n"
        "     -d c_record_audio=Reminder -d c_callerID=6175550100 -d c_phone=6175550101,6175550102"
    )


def _now(gateway: Gateway, faults: Faults) -> str:
    found, clock = summary(gateway), gateway.clock
    pace = "stands still" if clock.is_stopped else f"runs at {clock.speed:g} simulated seconds per second"
    rows = [
        ("Simulated time (Eastern)", f"{eastern_text(clock.now())}; it {pace}"),
        ("Requests", str(found["requests"])),
        ("Sessions accepted", str(found["sessions"])),
        ("Phones accepted", str(found["phones_accepted"])),
        ("Phones accepted more than once", str(len(found["accepted_more_than_once"]))),
        ("Faults armed", ", ".join(fault.kind for fault in faults.armed) or "none"),
    ]
    return _table(("", ""), rows)


def _sessions(gateway: Gateway) -> str:
    now, newest = gateway.clock.now(), gateway.book.sessions[: -NEWEST - 1 : -1]
    if not newest:
        return "<p>None yet.</p>"
    rows = [
        (
            session.id,
            session.title,
            str(session.state(now)),
            f"{session.timeline.calls_made(now)} of {session.timeline.calls}",
            eastern_text(session.timeline.starts_at),
        )
        for session in newest
    ]
    return _table(("session", "title", "state", "calls made", "start (Eastern)"), rows)


def _switches(gateway: Gateway) -> str:
    turned = gateway.settings.model_dump(mode="json", exclude_defaults=True)
    return f"<pre>{escape(json.dumps(turned, indent=2))}</pre>" if turned else "<p>None: all are as they come.</p>"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    heads = "".join(f"<th>{escape(each)}</th>" for each in head) if any(head) else ""
    lines = ("".join(f"<td>{escape(each)}</td>" for each in row) for row in rows)
    return f"<table><tr>{heads}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
