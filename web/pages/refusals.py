"""A page that says no: in a sentence of what happened and one of what to do, beside the field that it concerns.

Law of the room: a form stands on the page at its own address, or above it. What is refused comes back on that page,
with all that was typed but a password, whichever form it is; where the page has it no more, that is said at its top.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from jobs.models.said import MOST_CHARACTERS, unsaid
from web.login import is_from_here

NEVER_KEPT = frozenset({"token", "password"})


class Refused(Exception):
    """Nothing was changed, or what was is said. `field` is the control of the form that it concerns; '' for none."""

    def __init__(
        self, status: int, what: str, todo: str = "", back: str = "/", *, field: str = "", retry_after_s: float = 0
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.todo, self.back = status, what, todo, back
        self.field, self.retry_after_s = field, retry_after_s


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was refused, as the page that it stands on shows it again; empty where none was."""

    refused: Refused | None = None
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the names of its controls; every form that has any says its own name as `form`."""

    def kept(self, form: str, control: str) -> str:
        """What was typed there; '' in any other form."""
        return self.typed.get(control, "") if self.typed.get("form") == form else ""

    def is_about(self, form: str, control: str) -> bool:
        """Whether this control is what the refusal is about."""
        return self.refused is not None and (self.typed.get("form"), self.refused.field) == (form, control)


def check_reason(why: str) -> None:
    """Raises `Refused` for none, or one that cannot be kept."""
    if not why.strip():
        todo = "Nothing was changed. Say why; whoever looks later wants to know."
        raise Refused(422, "A reason is missing.", todo, field="why")
    if unsaid(why=why.strip()):
        todo = f"Nothing was changed. It may have {MOST_CHARACTERS} characters, on one line."
        raise Refused(422, "This reason cannot be kept.", todo, field="why")


def sent_of(request: Request) -> Sent:
    """What this page is to show again."""
    return cast("Sent", getattr(request.state, "sent", None) or Sent())


async def on_its_page(request: Request, refused: Refused) -> Response | None:
    """The page of the form that this request sent, with the refusal; None for what is no form of ours."""
    if request.method != "POST" or not is_from_here(request):
        return None
    typed = {name: text for name, text in (await request.form()).items() if isinstance(text, str)}
    sent = Sent(refused, {name: text for name, text in typed.items() if name not in NEVER_KEPT})
    for path in _upwards(request.url.path):
        with suppress(HTTPException):  # no page is there
            return await _look(request, path, sent)
    return None


def _upwards(path: str) -> Iterator[str]:
    """`/webhooks/billing/test`, `/webhooks/billing`, `/webhooks`, `/`"""
    while path != "/":
        yield path
        path = path.rpartition("/")[0] or "/"
    yield path


async def _look(request: Request, path: str, sent: Sent) -> Response:
    """What the same visitor is answered who looks at this page; raises `HTTPException` where there is none."""
    asked = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    state = {**request.scope.get("state", {}), "sent": sent}
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await request.app.router({**request.scope, **asked, "state": state}, receive, send)
    response = Response(b"".join(each.get("body", b"") for each in told[1:]), told[0]["status"])
    response.raw_headers = told[0]["headers"]
    return response


def wait(response: Response, refused: Refused) -> Response:
    """The answer, with the seconds after which it may be asked again."""
    if refused.retry_after_s:
        response.headers["Retry-After"] = str(math.ceil(refused.retry_after_s))
    return response
