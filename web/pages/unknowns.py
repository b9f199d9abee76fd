"""Submissions of which nobody knows whether the gateway took them: what was found out, and a person's decision."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.ledger.submissions import BEFORE_SENDING
from jobs.models import Candidate, Evidence, Finding, SubmissionState
from jobs.outcomes.cases import (
    Case,
    UnknownSubmission,
    how_far,
    in_words,
    read_case,
    read_cases,
)
from jobs.outcomes.courses import what_happens_by_itself
from jobs.outcomes.decide import Decision, Inadvisable, NotInDoubt, is_session_id
from web import decisions
from web.decisions import NotAsked
from web.pages.drawing import draw, part
from web.pages.refusals import Refused, check_reason
from web.pages.route import Operator, PageRoute, Reader
from web.pages.words import sentence
from web.site import OurSite, Site

HOLDS = {
    Decision.ADOPT: "It is that session from now on, and is followed.",
    Decision.RESEND: "It is sent once more; if the first one turns up after all, it is stopped.",
    Decision.GIVE_UP: "It is given up: its phones count as without a record. It is looked for on.",
}

HOLDS_IN = {
    Decision.ADOPT: frozenset({SubmissionState.ACCEPTED}),
    Decision.RESEND: BEFORE_SENDING,
    Decision.GIVE_UP: frozenset({SubmissionState.GIVEN_UP}),
}
"""Where a submission is as long as the sentence is true of it."""

_COMMAND = re.compile(r"look at it with `[^`]*`, and ")
"""A way to look that whoever reads it here has just gone."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """The same thing, seen once or many times in a row."""

    first: Evidence
    last: Evidence
    times: int


@dataclass(frozen=True, slots=True)
class Told:
    """A case in words."""

    case: Case
    words: str
    by_itself: str
    how_far: str
    """What is missing until it may be taken for absent; '' where nothing is, or where something speaks against it."""
    sessions: Sequence[str]
    """Those that may be it."""
    candidates: Sequence[Candidate]
    """More of them, as the newest look saw them."""

    @property
    def is_open(self) -> bool:
        """Whether there is anything to decide."""
        return self.case.submission.state is SubmissionState.UNKNOWN

    @property
    def times(self) -> list[tuple[str, datetime | None]]:
        """What happened to it, and until when it is looked for."""
        noted, look, attempts = self.case.balance_before, self.case.last_look, self.case.attempts
        sent = [("sent" if each is attempts[-1] else "sent before", each.sent_at) for each in attempts]
        return [
            ("balance noted", noted.at if noted else None),
            *sent,
            ("unknown since" if self.is_open else "settled", self.case.submission.changed_at),
            ("looked at last", look.at if look else None),
            ("looked for until", self.case.looked_for_until if self.is_open else None),
        ]

    @property
    def evidence(self) -> list[Seen]:
        """All that was found out, newest first."""
        groups = groupby(self.case.evidence, lambda each: (each.finding, each.words, each.mark, each.session_ids))
        alike = [list(group) for _, group in groups]
        return [Seen(each[0], each[-1], len(each)) for each in reversed(alike)]


@router.get("/unknowns")
def unknowns(request: Request, site: OurSite, visitor: Reader) -> Response:
    """All that wait."""
    return draw(request, visitor, "unknowns.html", cases=_all(site), live="/live?unknowns=1")


@router.get("/unknowns/{submission_id}")
def unknown(request: Request, site: OurSite, visitor: Reader, submission_id: str, decided: str = "") -> Response:
    """One, with its evidence, long after it was settled, too."""
    case = _read(site, submission_id)
    told, holds = _told(case, site.now), came_of(decided, case)
    return draw(request, visitor, "unknown.html", told=told, holds=holds, Decision=Decision)


@router.post("/unknowns/{submission_id}")
def decide(
    site: OurSite,
    visitor: Operator,
    submission_id: str,
    decision: Annotated[str, Form()] = "",
    session_id: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
    force: Annotated[bool, Form()] = False,
) -> Response:
    """A person's word; who, when and why are kept."""
    if decision not in set(Decision):
        todo = "Nothing was changed. Say what it is: a session, not with the gateway, or nothing that will be known."
        raise Refused(422, "Nothing was chosen.", todo, field="decision")
    if decision == Decision.ADOPT and not is_session_id(session_id.strip()):
        todo = "Nothing was changed. Its id has 6 to 20 digits; the gateway's own console shows it."
        raise Refused(422, "Which session it is was not said.", todo, field="session_id")
    case = _read(site, submission_id)
    check_reason(why)
    try:
        decisions.decide(
            site, case, Decision(decision), session_id.strip(), by=visitor.name, why=why.strip(), force=force
        )
    except NotAsked as not_asked:
        todo = "Nothing was changed. Try again in a moment, or, if you are certain, tick the box below the reason."
        raise Refused(409, f"The gateway could not be asked {sentence(str(not_asked))}", todo, field="force") from None
    except Inadvisable as speaks_against:
        raise _inadvisable(Decision(decision), str(speaks_against)) from None
    except NotInDoubt as settled:
        todo = "Nothing was changed. Whatever settled it meanwhile stands in the evidence."
        raise Refused(409, sentence(str(settled)), todo) from None
    return RedirectResponse(f"/unknowns/{quote(submission_id)}?decided={decision}", 303)


def came_of(decided: str, case: Case) -> str:
    """What has become of a decision, as the ledger knows it, whatever an address says; '' where that holds no more."""
    newest = next((each.decided for each in reversed(case.evidence) if each.finding is Finding.DECISION), "")
    holds = decided == newest and decided in set(Decision) and case.submission.state in HOLDS_IN[Decision(decided)]
    return HOLDS[Decision(decided)] if holds else ""


def parts(site: Site) -> dict[str, str]:
    """What of the list changes by itself."""
    return {"cases": part("parts/cases.html", cases=_all(site))}


def _inadvisable(decision: Decision, words: str) -> Refused:
    """What the use case says, beside the box where ticking it would help, or beside what was chosen."""
    said = _COMMAND.sub("", words.replace("add --force", "tick the box below the reason"))
    chosen = "session_id" if decision is Decision.ADOPT else "decision"
    return Refused(409, sentence(said), "Nothing was changed.", field="force" if "tick the box" in said else chosen)


def _read(site: Site, submission_id: str) -> Case:
    try:
        return read_case(site.redis, submission_id)
    except UnknownSubmission:
        raise Refused(404, "There is no such submission here.", back="/unknowns") from None


def _all(site: Site) -> list[Told]:
    return [_told(each, site.now) for each in read_cases(site.redis)]


def _told(case: Case, now: datetime) -> Told:
    look = case.last_look
    is_searched = not case.is_named and not case.is_absent
    return Told(
        case,
        in_words(case),
        what_happens_by_itself(case, now, is_one=False),  # the instant stands among the others
        how_far(case, now) if is_searched else "",
        look.session_ids if look else (),
        look.candidates if look else (),
    )
