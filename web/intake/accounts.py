"""What belongs to a gateway account: its balance, and its days beside the gateway's listing."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import ConfigDict

from jobs.documents.balances import BalanceDocument, balance_document
from jobs.documents.days import day_document
from jobs.ledger import days
from jobs.models import InvalidCampaign, Problem
from jobs.models.reports import DayReport
from web.intake.edge import Edge
from web.intake.shapes import DEFAULT, OfAccount, Reader, problems
from web.problems import Kind, Refusal
from web.site import OurSite, Site

router = APIRouter(route_class=Edge, tags=["accounts"])


def _with_verdict(schema: dict[str, Any]) -> None:
    schema["properties"]["is_clean"] = {"type": "boolean"}


class DayDocument(DayReport):
    """A day as it was found; `is_clean` where ledger and gateway say the same of all of it so far."""

    model_config = ConfigDict(json_schema_extra=_with_verdict)


@router.get("/balance", summary="What an account can still send", responses=problems())
def balance(site: OurSite, _: Reader, account: OfAccount = DEFAULT) -> BalanceDocument:
    """What the workers have noted of an account in the last 90 days. The gateway is not asked."""
    check_account(site, account)
    return balance_document(site.redis, account)


@router.get(
    "/reconciliations/{day}",
    summary="A day beside the gateway's listing",
    responses={200: {"model": DayDocument}, **problems(Kind.NOT_COMPARED)},
)
def reconciliation(
    site: OurSite,
    _: Reader,
    day: Annotated[date, Path(description="An Eastern day, YYYY-MM-DD.")],
    account: OfAccount = DEFAULT,
) -> dict[str, Any]:
    """What came of comparing a day with what the gateway lists for it, as it was found the last time."""
    check_account(site, account)
    report = days.read(site.redis, account, day)
    if report is None:
        raise Refusal(Kind.NOT_COMPARED, f"{day} of account {account} was not compared yet")
    return day_document(report)


def check_account(site: Site, account: str) -> None:
    """Raises `InvalidCampaign` for `account_problems`."""
    if problems := account_problems(site, account):
        raise InvalidCampaign(problems)


def account_problems(site: Site, account: str) -> tuple[Problem, ...]:
    """A slip in an account's name, as far as this process knows the accounts."""
    known = site.settings.accounts
    if not known or account in known:
        return ()
    return (Problem("account", f"there is no such account here; there is: {', '.join(known)}"),)
