"""Days that were compared with the gateway, and what was found."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jobs.ledger import days as ledger
from jobs.models.reports import DayReport
from web.pages import facts
from web.pages.drawing import draw
from web.pages.refusals import Refused
from web.pages.route import PageRoute, Reader
from web.site import OurSite

MOST_DAYS = 60
MOST_NAMED = 50

KINDS = {
    "missing": "Ours that the gateway does not list",
    "outside": "Begun elsewhere, or by hands that left no trace here",
    "handed_over": "Strangers that are unknown submissions of ours",
    "strays": "Of earlier attempts of ours, or given up before an end: they are being stopped",
    "given_up": "Of submissions that were given up: the gateway had taken them",
    "other_counts": "With other phone counts at the gateway",
    "contrary": "Drops of which the gateway now says otherwise; what was known first stays",
    "unread": "Of ours whose records the gateway would not give",
}
"""What there may be to find."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/days")
def days(request: Request, site: OurSite, visitor: Reader) -> Response:
    """The newest of every account."""
    found = {account: ledger.newest(site.redis, account, most=MOST_DAYS) for account in facts.accounts(site)}
    return draw(request, visitor, "days.html", found=found, kinds=KINDS)


@router.get("/days/{account}/{day}")
def day(request: Request, site: OurSite, visitor: Reader, account: str, day: str) -> Response:
    """One report."""
    report = ledger.read(site.redis, account, _date(day))
    if report is None:
        raise Refused(404, "That day was not compared.", "The scheduler compares each day when it is over.", "/days")
    return draw(request, visitor, "day.html", report=report, tables=_tables(report))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(404, "There is no such day.", back="/days") from None


def _tables(report: DayReport) -> list[dict[str, Any]]:
    """A table for each kind of finding of which there are any."""
    tables = []
    for name, title in KINDS.items():
        found = getattr(report, name)
        if found.total:
            rows = [each.model_dump(mode="json") for each in found.named[:MOST_NAMED]]
            columns = [column for column in rows[0] if any(row[column] not in ("", {}, None) for row in rows)]
            tables.append({"title": title, "total": found.total, "columns": columns, "rows": rows})
    return tables
