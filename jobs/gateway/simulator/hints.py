"""What looks wrong about a request itself, for the developer who wrote it; the gateway never says so."""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from jobs.gateway.simulator.reach import may_reach
from jobs.gateway.simulator.request import FORM, Request
from jobs.gateway.simulator.settings import Settings

FIELDS = frozenset(
    {
        "c_uid",
        "c_password",
        "c_method",
        "c_option",
        "c_record_audio",
        "c_url",
        "c_sys_audio_name",
        "c_audio",
        "c_audio_code",
        "c_phone",
        "c_listid",
        "c_callerID",
        "c_date",
        "c_title",
        "c_endtime",
        "c_dispo_url",
        "mobile_only",
        "remain_message",
        "session_id",
    }
)

WITHIN_REACH = "it must begin with http, and lie on this machine unless the switch reach is any"

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


def hints_for(request: Request, fields: Mapping[str, str], settings: Settings) -> Iterator[str]:
    """A sentence for each oddity."""
    if request.method != "POST":
        yield f"{request.method}: the gateway takes form POSTs only"
    if not request.is_form:
        yield f"Content-Type: must be {FORM}, or nothing of the body is read"
    known = FIELDS | {settings.day_field}
    for name in (each for each in fields if each not in known):
        near = {each.lower(): each for each in known}.get(name.lower()) or next(
            iter(get_close_matches(name, known)), ""
        )
        yield f"{name}: not a field of the gateway" + (f"; is {near} meant?" if near else "")
    for name, value in fields.items():
        if _ENCODED.search(value) and name not in {"c_url", "c_dispo_url", "c_password"}:
            yield f"{name}: seems to be encoded twice"
    if (url := fields.get("c_dispo_url")) and not may_reach(url, settings.reach):
        yield f"c_dispo_url: nothing is posted there; {WITHIN_REACH}"


def not_found_hint(path: str, endpoints: Collection[str]) -> str:
    """For a request to a path where nothing is."""
    near = get_close_matches(path.rpartition("/")[2], endpoints, 1)
    return f"{path}: there is no such endpoint" + (f"; is /gateway/{near[0]} meant?" if near else "")
