"""Errors of the rooms below, as the problems that they are."""

import pytest
from redis import exceptions

from config.accounts import UnknownAccount
from jobs.campaigns.control import CampaignIsOver
from jobs.ledger.durability import NotDurable
from jobs.outcomes.cases import UnknownSubmission
from jobs.outcomes.decide import Inadvisable
from web.problems import Kind, Refusal, document, refusal_of


class OverForAYear(CampaignIsOver):
    """Over, and more than that."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CampaignIsOver("it is stopped"), Kind.OVER),
        (OverForAYear("it is stopped"), Kind.OVER),
        (UnknownAccount("there is no such account"), Kind.INVALID),
        (exceptions.ConnectionError(), Kind.AWAY),
        (exceptions.TimeoutError(), Kind.AWAY),
        (NotDurable("the disk did not say so"), Kind.AWAY),
        (LookupError("canary"), Kind.FAULT),
        (KeyError("canary"), Kind.FAULT),
    ],
)
def test_what_is_foreseen_is_answered_so_by_its_kind_and_all_else_is_a_fault(error: Exception, kind: Kind) -> None:
    answered = refusal_of(error)
    assert answered.kind is kind
    assert "canary" not in answered.detail


@pytest.mark.parametrize(
    ("words", "here"),
    [
        ("it rings; look at it with `unknowns ab-1`, and adopt", "it rings; GET /v1/unknowns/ab-1, and adopt"),
        ("mistyped? `unknowns ab-1` and `sessions 2026-03-02` show it", "mistyped? GET /v1/unknowns/ab-1 shows it"),
        ("it may be. Look at it with `unknowns ab-1`, and adopt.", "it may be. GET /v1/unknowns/ab-1, and adopt."),
        ("if certain, add --force", 'if certain, say "force": true'),
    ],
)  # fmt: skip
def test_advice_for_a_terminal_is_given_by_its_route(words: str, here: str) -> None:
    assert refusal_of(Inadvisable(words)).detail == here


def test_beside_a_sessions_id_phones_stay_hidden() -> None:
    words = "session 4294967301 calls 6175550142 and 617-555-7301, and no 14294967301"
    refused = Refusal(Kind.INADVISABLE, words, session_id="4294967301")
    assert "617" not in document(refused)["detail"]
    assert document(refused)["detail"].startswith("session 4294967301 calls ***0142")
    assert document(Refusal(Kind.INADVISABLE, words))["detail"].startswith("session ***7301 calls")


def test_what_todo_says_is_not_said_before() -> None:
    unknown = refusal_of(UnknownSubmission("no submission two\nlines is known here; `unknowns` shows those in doubt"))
    assert unknown.detail == Kind.UNKNOWN_SUBMISSION.title
    assert refusal_of(CampaignIsOver("it is stopped already; nothing was changed")).detail == "it is stopped already"
