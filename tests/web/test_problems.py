"""Errors of the rooms below, as the problems that they are."""

import pytest
from redis import exceptions

from config.accounts import UnknownAccount
from jobs.campaigns.control import CampaignIsOver
from jobs.ledger.durability import NotDurable
from web.problems import Kind, refusal_of


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
