"""Every error under /v1 answered as a problem, the framework's own, too; those of other rooms stay as they are."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config.accounts import UnknownAccount
from config.outage import OUT_OF_REACH
from jobs.campaigns.control import CampaignIsOver, UnknownCampaign
from jobs.campaigns.take import KeyConflict
from jobs.ledger.do_not_dial import UnexplainedRequest
from jobs.ledger.durability import NotDurable
from jobs.models import InvalidCampaign
from jobs.outcomes.cases import UnknownSubmission
from jobs.outcomes.decide import Inadvisable, NotInDoubt, UnexplainedDecision
from web.problems.kinds import Kind
from web.problems.refusals import MEDIA_TYPE, Refusal, document, flaw
from web.problems.requests import refusal_of_request
from web.site import site_of
from web.turns import RETRY_AFTER_S, Busy

log = structlog.get_logger()


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
    return _answer(Refusal(kind, _detail(request, kind, error), headers=error.headers))


def _detail(request: Request, kind: Kind, error: HTTPException) -> str:
    if kind is Kind.NOT_FOUND and request.url.path.endswith("/"):
        return "no address here ends with a slash: leave it out"
    return "" if kind in {Kind.NOT_FOUND, Kind.METHOD} else str(error.detail)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if not _is_ours(request):
        return await request_validation_exception_handler(request, error)
    return _answer(refusal_of_request(request, error))


async def _on_error(request: Request, error: Exception) -> Response:
    """A foreseen end in its words; of anything else the log has the traceback, and the answer nothing."""
    if not _is_ours(request):
        if isinstance(error, RedisError):
            return PlainTextResponse("the ledger is out of reach; try again", 503, {"Retry-After": str(RETRY_AFTER_S)})
        if isinstance(error, Busy):
            return PlainTextResponse("too much is being done; try again", 503, {"Retry-After": str(RETRY_AFTER_S)})
        return PlainTextResponse("a fault in Dropline; the log has it", 500)
    _note(request, error)
    return _answer(refusal_of(error))


def _note(request: Request, error: Exception) -> None:
    """An outage in one line, however many programs ask again and again; else each request that the ledger refuses."""
    if isinstance(error, OUT_OF_REACH):
        site_of(request).outage.note(error)
    elif isinstance(error, (RedisError, NotDurable)):
        log.warning("ledger_away", kind=type(error).__name__, error=str(error))


def refusal_of(error: Exception) -> Refusal:
    """An error of the rooms below as the problem it is."""
    says = next((_FORESEEN[kind] for kind in type(error).__mro__ if kind in _FORESEEN), _fault)
    return says(error)


def _fault(_: Exception) -> Refusal:
    return Refusal(Kind.FAULT)


def _away(_: Exception) -> Refusal:
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


_IN_HTTP = [
    (re.compile(pattern), here)
    for pattern, here in (
        (r"(?s)^no (campaign|submission) .* is known here.*", ""),
        (r"; nothing was changed$", ""),
        (r"add --force", 'say "force": true'),
        (r"`stop SESSION` once it shows up", "adopt it once it shows up, or stop the campaign"),
        (r"`unknowns (\S+)` and `sessions \S+` show", r"GET /v1/unknowns/\1 shows"),
        (r"[Ll]ook at it with `unknowns (\S+)`", r"GET /v1/unknowns/\1"),
    )
]
"""What is said to a person before a terminal, and what instead of it here: '' for what `todo` says."""


def _in_http(words: str) -> str:
    for pattern, here in _IN_HTTP:
        words = pattern.sub(here, words)
    return words
