"""What the framework finds wrong with a request, in our words: its own are about types, and name no field of what is
missing as a whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request

from config.masking import mask_text
from jobs.models.problems import meant, presentable
from web.problems.kinds import Kind
from web.problems.refusals import FlawDocument, Refusal

RULES: Mapping[str, str] = {
    "account": "must be the name of a gateway account: 1 to 64 letters, digits, dashes and underscores",
    "cursor": "must be `next` of a page, as it was answered",
    "day": "must be an Eastern day, such as 2026-03-02",
    "session_id": "must be the id of a session: 6 to 20 digits",
    "since": "must be an instant with its time zone, such as 2026-03-02T14:30:00Z",
    "why": "must be the reason, in 1 to 300 characters",
}
"""What each field must be, whichever way it is not; of the others the framework says it well."""

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this",
    "model_attributes_type": "must be a JSON object",
}
"""By the framework's name of the error; these go before the rule."""


def refusal_of_request(request: Request, error: RequestValidationError) -> Refusal:
    """All that is wrong with it, or that its body is none; of a verb that there is not, nobody knows what it needs."""
    errors = error.errors()
    if broken := next((each for each in errors if each["type"] == "json_invalid"), None):
        return not_json(str(error.body), broken["loc"][-1])
    if isinstance(error.body, bytes):
        return Refusal(Kind.MEDIA)
    lost = [each for each in errors if each["loc"][0] == "path" and each["type"] == "enum"]
    return Refusal(Kind.INVALID, flaws=[flaw for each in lost or errors for flaw in _flaws(request, each)])


def check_query(request: Request, names: Sequence[str]) -> None:
    """Raises `Refusal` for a parameter that is none of `names`: a `dry_run` that is misspelt must not send."""
    strays = [name for name in request.query_params if name not in names]
    if strays:
        raise Refusal(Kind.INVALID, flaws=[_stray(name, names) for name in strays])


def _stray(name: str, names: Sequence[str]) -> FlawDocument:
    message = f"is no query parameter here; {meant(name, names)}"
    return {"field": presentable(name), "message": message}


def not_json(body: str, at: int) -> Refusal:
    """A body that is JSON up to this character."""
    line, column = body.count("\n", 0, at) + 1, at - body.rfind("\n", 0, at)
    return Refusal(Kind.UNREADABLE, f"it is no JSON from line {line:,}, column {column:,} on")


def _flaws(request: Request, error: Mapping[str, Any]) -> list[FlawDocument]:
    """A body that is missing lacks every field that it must have."""
    if error["loc"] == ("body",) and error["type"] == "missing":
        return [{"field": name, "message": WORDS["missing"]} for name in _needed(request)]
    return [_flaw(error)]


def _flaw(error: Mapping[str, Any]) -> FlawDocument:
    where, *place = error["loc"]
    field = ".".join(presentable(each) if isinstance(each, str) else str(each) for each in place)
    own = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    message = WORDS.get(error["type"]) or RULES.get(field) or own
    return {"field": field or f"the {where}", "message": mask_text(message)}


def _needed(request: Request) -> list[str]:
    """The fields that a body of this route must have."""
    route = request.scope.get("route")
    body = route.body_field if isinstance(route, APIRoute) else None
    fields = getattr(body.field_info.annotation, "model_fields", {}) if body else {}
    return [name for name, field in fields.items() if field.is_required()]
