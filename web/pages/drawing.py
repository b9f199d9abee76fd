"""Templates into answers. Law of the room: whatever comes from outside is escaped, and no phone is whole."""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from config.masking import mask_name, mask_phone, mask_text
from jobs import eastern
from jobs.models.scopes import Scope
from web.login import form_token
from web.pages import shapes, words
from web.pages.files import ADDRESSES
from web.pages.refusals import sent_of
from web.visitors import Visitor

TEMPLATES = Path(__file__).parent / "templates"


def when(instant: datetime | None) -> str | Markup:
    """An instant as Eastern clocks show it; the script turns it into the viewer's time."""
    if instant is None:
        return "—"
    utc = instant.astimezone(UTC).isoformat(timespec="seconds")
    text = eastern.wall_text(instant)[:-3]
    return Markup(f'<time datetime="{utc}">{text} ET</time>')  # noqa: S704 - digits; escaping took a third of a page


def both(instant: datetime | None) -> str:
    """`2026-03-02 09:30:00 Eastern, 2026-03-02 14:30:00 UTC`"""
    if instant is None:
        return "—"
    return f"{eastern.wall_text(instant)} Eastern, {instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def said(text: str) -> str:
    """Somebody's words without phones and secrets, and without what is no character."""
    return _readable(mask_text(text))


def named(text: str) -> str:
    """A key or a title, as people know a campaign by it: without phones and secrets, with its dates and counters."""
    return _readable(mask_name(text))


def _readable(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def count(number: int) -> str:
    """`25,000`"""
    return f"{number:,}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": when,
        "both": both,
        "said": said,
        "named": named,
        "n": count,
        "phone": mask_phone,
        "plain": words.plain,
        "sentence": words.sentence,
    }
    made.globals |= {
        "files": ADDRESSES,
        "words": words,
        "shapes": shapes,
        "Scope": Scope,
        "eastern": eastern.wall_text,
        "UTC": UTC,
    }
    return made


ENVIRONMENT = _environment()


def draw(request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for a visitor; for None one that offers nothing but to sign in."""
    sent = sent_of(request)
    told = {"visitor": visitor, "token": form_token(request), "path": request.url.path, "live": "", "sent": sent}
    halting = {"is_halted": getattr(request.state, "is_halted", False)}
    if sent.refused and status == HTTPStatus.OK:
        status = sent.refused.status
    return HTMLResponse(ENVIRONMENT.get_template(template).render(told | halting | values), status)


def part(template: str, **values: Any) -> str:
    """A part of a page, the same for whoever looks."""
    return ENVIRONMENT.get_template(template).render(values)
