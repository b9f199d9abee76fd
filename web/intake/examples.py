"""What a campaign looks like when it comes in, and what is answered: for the API page."""

from typing import Any

from jobs.documents.contract import campaign_schema
from jobs.models import Terms
from web.intake.uploads import COLUMN, CONTACTS

CAMPAIGN: dict[str, Any] = {
    "title": "Appointment reminders",
    "caller_id": "6175550100",
    "audio_title": "Reminder",
    "start": "now",
    "recipients": ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"],
}

FIELDS = {"title": "Appointment reminders", "caller_id": "617-555-0100", "audio_title": "Reminder", COLUMN: "Mobile"}


def _form_schema() -> dict[str, Any]:
    """The terms as people write them: text, every one."""
    fields = {name: {"type": "string"} for name in Terms.model_fields}
    column = {"type": "string", "description": "The column with the phones: its header, or its position from 1."}
    contacts = {"type": "string", "format": "binary", "description": "A CSV file."}
    shape = {"type": "object", "required": ["caller_id", CONTACTS], "additionalProperties": False}
    return {**shape, "properties": {**fields, COLUMN: column, CONTACTS: contacts}}


CAMPAIGN_SCHEMA, SHARED_SCHEMAS = campaign_schema("#/components/schemas/{model}")
JSON_BODY = {"application/json": {"schema": CAMPAIGN_SCHEMA, "example": CAMPAIGN}}
FORM_BODY = {"multipart/form-data": {"schema": _form_schema()}}

_PLAN = {
    "rows": 3,
    "phones": 2,
    "submissions": 1,
    "excluded": 1,
    "excluded_by_reason": {"duplicate": 1},
    "examples": [{"line": 3, "reason": "duplicate", "kept_line": 2}],
}
TAKEN = {
    "application/json": {
        "example": {
            "campaign_id": "zgvxqmbnfcrdhcxt",
            "key": "reminders-2026-11-23",
            "is_new": True,
            "contacts": None,
            "plan": _PLAN,
            "audio_check": None,
            "campaign": None,
            "url": "/v1/campaigns/zgvxqmbnfcrdhcxt",
            "excluded_url": "/v1/campaigns/zgvxqmbnfcrdhcxt/excluded",
        }
    }
}
