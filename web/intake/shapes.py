"""What the routes have in common: who may come in, how errors are told, and the examples of the API page."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import Field

from config.accounts import DEFAULT_ACCOUNT, NAME
from jobs.models.scopes import Scope
from web.access import require
from web.problems import MEDIA_TYPE, Kind, document
from web.problems import Refusal as Refused
from web.visitors import Visitor

ABOUT = """\
Hand voicemail campaigns in, look at them, control them. Every request shows a token, `Authorization: Bearer dpl_...`.
Errors are `application/problem+json`; their `type` is a path that explains itself. Instants are ISO 8601 with a zone.
Names are only ever added: read what you know and pass over the rest. Of a request nothing is passed over: a field or
a query parameter that there is not is a 422, and nothing was done.
"""

_may_read, _may_send, _may_control = require(Scope.READ), require(Scope.SEND), require(Scope.CONTROL)
Reader = Annotated[Visitor, Depends(_may_read)]
Sender = Annotated[Visitor, Depends(_may_send)]
Controller = Annotated[Visitor, Depends(_may_control)]

SCOPES: Mapping[Any, Scope] = {_may_read: Scope.READ, _may_send: Scope.SEND, _may_control: Scope.CONTROL}
"""What each of these dependencies asks for, for the page that says so."""

CampaignId = Annotated[str, Path(max_length=64, description="As it was answered when the campaign was taken.")]
SubmissionId = Annotated[str, Path(max_length=64, description="As GET /v1/unknowns shows it.")]
Account = Annotated[str, Path(pattern=NAME, description="A gateway account, by its name.")]
OfAccount = Annotated[str, Query(pattern=NAME, description="A gateway account, by its name.")]

DEFAULT = DEFAULT_ACCOUNT

WITH_BODY = (Kind.UNREADABLE, Kind.MEDIA, Kind.TOO_LARGE, Kind.TOO_SLOW)
EVERYWHERE = (
    Kind.INVALID,
    Kind.TOKEN_MISSING,
    Kind.SCOPE_MISSING,
    Kind.TOO_MANY_TRIES,
    Kind.FAULT,
    Kind.AWAY,
    Kind.BUSY,
)

Why = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=r"\S",
        description="The reason, for whoever must answer for it later.",
        examples=["the wrong recording"],
    ),
]


def problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that may refuse in these ways, and in those in which every route may."""
    by_status: dict[int | str, list[Kind]] = {}
    for kind in (*kinds, *EVERYWHERE):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _response(found) for status, found in by_status.items()}


def _response(kinds: list[Kind]) -> dict[str, Any]:
    examples = {kind.slug: {"value": document(Refused(kind))} for kind in kinds}
    shape = {"$ref": "#/components/schemas/ProblemDocument"}
    content = {MEDIA_TYPE: {"schema": shape, "examples": examples}}
    return {"description": ". ".join(kind.title for kind in kinds), "content": content}
