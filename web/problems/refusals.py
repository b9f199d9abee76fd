"""A refusal: a kind of problem with what is to be said of this one, and the JSON that it is sent as."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from starlette.exceptions import HTTPException
from typing_extensions import TypedDict

from config.masking import mask_text
from jobs.models import Problem
from web.problems.kinds import Kind

MEDIA_TYPE = "application/problem+json"
MOST_PROBLEMS = 100
"""Of one request that are named one by one."""
MOST_NAMED = 10
"""Of their fields in `detail`."""


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
    """A request that is refused, as the problem it is. `session_id` is one that came with it: ids look like phones, and
    whoever typed one must be able to read which.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        flaws: Sequence[FlawDocument] = (),
        headers: Mapping[str, str] | None = None,
        session_id: str = "",
        **facts: Any,
    ) -> None:
        super().__init__(kind.status, detail or _fields(flaws) or kind.title, headers)
        self.kind = kind
        self.flaws = list(flaws)
        self.facts = facts
        self.session_id = session_id

    @property
    def told(self) -> str:
        """`detail` as it is sent. The id takes the place of its masked self, so that nothing else comes to light."""
        masked = mask_text(self.detail)
        return masked.replace(mask_text(self.session_id), self.session_id) if self.session_id else masked


def _fields(flaws: Sequence[FlawDocument]) -> str:
    """In a line what `problems` says one by one."""
    names = list(dict.fromkeys(each["field"] for each in flaws))
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"what is wrong: {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def document(refusal: Refusal) -> ProblemDocument:
    """A refusal as the JSON that is sent."""
    kind, told = refusal.kind, refusal.facts
    found: dict[str, Any] = {"type": kind.path, "title": kind.title, "status": kind.status}
    found |= {"detail": refusal.told, "todo": kind.todo, **told}
    if refusal.flaws:
        found["problems"] = _few(refusal.flaws)
    return found  # type: ignore[return-value]  # the facts are those that the shape names


_BY_HTTP = {"key": "Idempotency-Key", "campaign": "the body"}
"""What is called otherwise here than in a job."""


def flaw(problem: Problem) -> FlawDocument:
    """A problem of a campaign, in the words of this door."""
    return {"field": _BY_HTTP.get(problem.field, problem.field), "message": mask_text(problem.message)}


def _few(flaws: list[FlawDocument]) -> list[FlawDocument]:
    if len(flaws) <= MOST_PROBLEMS:
        return flaws
    more: FlawDocument = {"field": "", "message": f"{len(flaws) - MOST_PROBLEMS:,} more like these"}
    return [*flaws[:MOST_PROBLEMS], more]
