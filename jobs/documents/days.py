"""A day in the ledger beside what the gateway lists for it."""

from typing import Any

from jobs.documents.values import iso
from jobs.models.reports import DayReport


def day_document(report: DayReport) -> dict[str, Any]:
    """The report as it is kept, and whether it is clean."""
    return {"is_clean": report.is_clean, **report.model_dump(mode="json"), "found_at": iso(report.found_at)}
