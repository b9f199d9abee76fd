"""What went wrong, as problem details (RFC 9457): every error under /v1 looks like this, the framework's own, too.

Law of the room: `type` is a stable path, and nothing that was sent in is repeated: it may be a phone or a secret.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NotRequired

import structlog
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from typing_extensions import TypedDict

from config.accounts import UnknownAccount
from config.masking import mask_text
from jobs.campaigns.control import CampaignIsOver, UnknownCampaign
from jobs.campaigns.take import KeyConflict
from jobs.ledger.do_not_dial import UnexplainedRequest
from jobs.ledger.durability import NotDurable
from jobs.models import InvalidCampaign, Problem
from jobs.outcomes.cases import UnknownSubmission
from jobs.outcomes.decide import Inadvisable, NotInDoubt, UnexplainedDecision
from web.turns import RETRY_AFTER_S, Busy

MEDIA_TYPE = "application/problem+json"
ROOT = "/v1/problems/"
MOST_PROBLEMS = 100
"""Of one request that are named one by one."""

log = structlog.get_logger()


class Kind(Enum):
    """Every kind of problem: the end of its `type`, its status, what happened, and what to do. Never renamed."""

    UNREADABLE = "unreadable-body", 400, "The body cannot be read", "Mend it as `detail` says and send it again."
    KEY_MISSING = (
        "key-missing",
        400,
        "The header Idempotency-Key is missing",
        "Choose one that stands for this campaign, such as reminders-2026-11-23, and send it with every try.",
    )
    TOKEN_MISSING = (
        "token-missing",
        401,
        "No token that is good came with it",
        "Send `Authorization: Bearer dpl_...`; `python -m jobs tokens create` makes one, `tokens list` shows all.",
    )
    SCOPE_MISSING = (
        "scope-missing",
        403,
        "The token may not do this",
        "Have an operator make a token with the scope that `detail` names.",
    )
    NOT_FOUND = "not-found", 404, "There is nothing at this address", "Look at /v1/openapi.json for what there is."
    UNKNOWN_CAMPAIGN = "unknown-campaign", 404, "No such campaign", "GET /v1/campaigns shows those that there are."
    UNKNOWN_SUBMISSION = (
        "unknown-submission",
        404,
        "No such submission",
        "GET /v1/unknowns shows those that are in doubt.",
    )
    NOT_COMPARED = (
        "not-compared",
        404,
        "This day was not compared with the gateway",
        "It is done once a day for the day before, or by `python -m jobs reconcile`.",
    )
    METHOD = "method-not-allowed", 405, "This cannot be done here", "The header Allow names what can."
    NOT_ACCEPTABLE = (
        "not-acceptable",
        406,
        "There is no such format",
        "Accept application/json, text/csv or application/jsonl, or say ?format=json, csv or jsonl.",
    )
    TOO_SLOW = "too-slow", 408, "The body came too slowly", "Nothing was stored. Send it again."
    KEY_CONFLICT = (
        "key-conflict",
        409,
        "The key stands for a campaign with another payload",
        "Use another key for another campaign, or the same payload to get the same campaign. Nothing was sent.",
    )
    OVER = "campaign-is-over", 409, "The campaign has ended, or was told to", "Nothing was changed, and nothing can be."
    INADVISABLE = (
        "inadvisable",
        409,
        "What is known speaks against it",
        "Nothing was changed. Look at the submission again and decide anew.",
    )
    PHONES_DROPPED = (
        "phones-dropped",
        410,
        "The phones of this campaign were dropped, long after its end",
        "Its counts stay: GET the campaign itself.",
    )
    TOO_LARGE = "too-large", 413, "The body is too large", "`detail` says how large it may be. Nothing was stored."
    MEDIA = (
        "unsupported-media-type",
        415,
        "The body is of a type that is not read here",
        "Send application/json; a contact file goes as multipart/form-data.",
    )
    INVALID = "invalid", 422, "It cannot be taken like this", "`problems` has all of it. Nothing was stored or sent."
    TOO_MANY_TRIES = (
        "too-many-tries",
        429,
        "Too many wrong tokens came from this address",
        "Wait as long as Retry-After says, and look at the token.",
    )
    FAULT = (
        "fault",
        500,
        "A fault in Dropline",
        "A campaign may or may not be in: send it again with the same key. Tell the operator; the log has it.",
    )
    AWAY = (
        "ledger-away",
        503,
        "The ledger is out of reach",
        "What it has taken is safe. Send the same request again, a campaign with the same key.",
    )
    BUSY = (
        "busy",
        503,
        "Too much is being done for others",
        "Nothing was stored. Send the same request again when Retry-After has passed.",
    )

    GATEWAY_SILENT = (
        "gateway-silent",
        503,
        "The gateway could not be asked",
        'Mend what `detail` says and send it again; who is certain all the same says "force": true.',
    )

    def __init__(self, slug: str, status: int, title: str, todo: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title
        self.todo = todo

    @property
    def path(self) -> str:
        """Its `type`."""
        return ROOT + self.slug


class FlawDocument(TypedDict):
    """One thing that is wrong: the field, the row where it is one of a contact file, and a sentence."""

    field: str
    message: str
    row: NotRequired[int]


class ProblemDocument(TypedDict):
    """Problem details. Programs go by `type`, people read the rest."""

    type: str
    title: str
    status: int
    detail: str
    todo: str
    problems: NotRequired[list[FlawDocument]]
    campaign_id: NotRequired[str]
    fields: NotRequired[list[str]]


class Refusal(HTTPException):
    """A request that is refused, as the problem it is."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        flaws: Sequence[FlawDocument] = (),
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(kind.status, detail or kind.title, headers)
        self.kind = kind
        self.flaws = list(flaws)
        self.facts = facts


def document(refusal: Refusal) -> ProblemDocument:
    """A refusal as the JSON that is sent."""
    kind, told = refusal.kind, refusal.facts
    found: dict[str, Any] = {"type": kind.path, "title": kind.title, "status": kind.status}
    found |= {"detail": mask_text(refusal.detail), "todo": kind.todo, **told}
    if refusal.flaws:
        found["problems"] = _few(refusal.flaws)
    return found  # type: ignore[return-value]  # the facts are those that the shape names


def flaw(problem: Problem) -> FlawDocument:
    """A problem of a campaign."""
    return {"field": problem.field, "message": mask_text(problem.message)}


def add_to(app: FastAPI) -> None:
    """Have every error of /v1 answered like this; those of other rooms stay as they are."""
    app.add_exception_handler(HTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    for kind in (*_FORESEEN, Exception):
        app.add_exception_handler(kind, _on_error)


def _is_ours(request: Request) -> bool:
    return f"{request.url.path}/".startswith("/v1/")


def _answer(refusal: Refusal) -> Response:
    headers = {"Cache-Control": "no-store", **(refusal.headers or {})}
    return JSONResponse(document(refusal), refusal.kind.status, headers, media_type=MEDIA_TYPE)


_BY_STATUS = {
    400: Kind.UNREADABLE,
    401: Kind.TOKEN_MISSING,
    403: Kind.SCOPE_MISSING,
    404: Kind.NOT_FOUND,
    405: Kind.METHOD,
    415: Kind.MEDIA,
}
"""Of what others raise: the framework, and `web.access`."""


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if not _is_ours(request):
        return await http_exception_handler(request, error)
    if isinstance(error, Refusal):
        return _answer(error)
    kind = _BY_STATUS.get(error.status_code, Kind.FAULT)
    detail = "" if kind in {Kind.NOT_FOUND, Kind.METHOD} else str(error.detail)
    return _answer(Refusal(kind, detail, headers=error.headers))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if not _is_ours(request):
        return await request_validation_exception_handler(request, error)
    errors = error.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        return _answer(Refusal(Kind.UNREADABLE, "it is not JSON"))
    return _answer(Refusal(Kind.INVALID, flaws=[_request_flaw(each) for each in errors]))


def _request_flaw(error: Mapping[str, Any]) -> FlawDocument:
    """The framework's words, which never repeat a value; its places begin with body, query, path or header."""
    place = [str(each) for each in error["loc"] if each != "body"]
    field = ".".join(place) if all(each.isascii() and len(each) <= 40 for each in place) else "(an odd field name)"
    return {"field": mask_text(field), "message": mask_text(str(error["msg"]).removeprefix("Value error, "))}


async def _on_error(request: Request, error: Exception) -> Response:
    """A foreseen end in its words; of anything else the log has the traceback, and the answer nothing."""
    if not _is_ours(request):
        if isinstance(error, RedisError):
            return PlainTextResponse("the ledger is out of reach; try again", 503, {"Retry-After": str(RETRY_AFTER_S)})
        if isinstance(error, Busy):
            return PlainTextResponse("too much is being done; try again", 503, {"Retry-After": str(RETRY_AFTER_S)})
        return PlainTextResponse("a fault in Dropline; the log has it", 500)
    return _answer(refusal_of(error))


def refusal_of(error: Exception) -> Refusal:
    """An error of the rooms below as the problem it is."""
    says = next((_FORESEEN[kind] for kind in type(error).__mro__ if kind in _FORESEEN), _fault)
    return says(error)


def _fault(_: Exception) -> Refusal:
    return Refusal(Kind.FAULT)


def _away(error: Exception) -> Refusal:
    log.warning("ledger_away", kind=type(error).__name__, error=str(error))
    return Refusal(Kind.AWAY, headers={"Retry-After": str(RETRY_AFTER_S)})


def _busy(_: Exception) -> Refusal:
    return Refusal(Kind.BUSY, headers={"Retry-After": str(RETRY_AFTER_S)})


def _invalid(error: InvalidCampaign) -> Refusal:
    return Refusal(Kind.INVALID, flaws=[flaw(each) for each in error.problems])


def _conflict(error: KeyConflict) -> Refusal:
    detail = f"what differs: {', '.join(error.fields)}"
    return Refusal(Kind.KEY_CONFLICT, detail, campaign_id=error.campaign_id, fields=list(error.fields))


def _in_its_words(kind: Kind) -> Callable[[Exception], Refusal]:
    return lambda error: Refusal(kind, _in_http(str(error)))


_FORESEEN: Mapping[type[Exception], Callable[[Any], Refusal]] = {
    InvalidCampaign: _invalid,
    KeyConflict: _conflict,
    RedisError: _away,
    NotDurable: _away,
    Busy: _busy,
    UnknownCampaign: _in_its_words(Kind.UNKNOWN_CAMPAIGN),
    UnknownSubmission: _in_its_words(Kind.UNKNOWN_SUBMISSION),
    CampaignIsOver: _in_its_words(Kind.OVER),
    Inadvisable: _in_its_words(Kind.INADVISABLE),
    NotInDoubt: _in_its_words(Kind.INADVISABLE),
    UnexplainedRequest: _in_its_words(Kind.INVALID),
    UnexplainedDecision: _in_its_words(Kind.INVALID),
    UnknownAccount: _in_its_words(Kind.INVALID),
}
"""Every error that is no fault, with what is answered; those that derive from one are answered alike."""


def _in_http(words: str) -> str:
    """Advice for the command line, in the words of this door."""
    for said, meant in (("add --force", 'say "force": true'), ("`list` shows", "GET /v1/campaigns shows")):
        words = words.replace(said, meant)
    return words.replace("`unknowns` shows", "GET /v1/unknowns shows")


def _few(flaws: list[FlawDocument]) -> list[FlawDocument]:
    if len(flaws) <= MOST_PROBLEMS:
        return flaws
    more: FlawDocument = {"field": "", "message": f"{len(flaws) - MOST_PROBLEMS:,} more like these"}
    return [*flaws[:MOST_PROBLEMS], more]
