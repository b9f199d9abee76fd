"""What a campaign looks like when it comes in, and what is answered: for the API page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.documents.contract import MEANINGS, campaign_schema
from jobs.models import Terms
from web.intake.uploads import COLUMN, CONTACTS

CAMPAIGN: dict[str, Any] = {
    "title": "Appointment reminders",
    "caller_id": "6175550100",
    "audio_title": "Reminder",
    "start": "now",
    "recipients": ["(617) 555-0123", "617.555.0145", "+1 617 555 0123"],
}

FIELDS = {"title": "Appointment reminders", "caller_id": "617-555-0100", "audio_title": "Reminder", COLUMN: "Mobile"}


def _form_schema() -> dict[str, Any]:
    """The terms as people write them: text, every one."""
    fields = {name: {"type": "string", "description": MEANINGS[name]} for name in Terms.model_fields}
    column = {"type": "string", "description": "The column with the phones: its header, or its position from 1."}
    contacts = {"type": "string", "format": "binary", "description": "A CSV file."}
    shape = {"type": "object", "required": ["caller_id", CONTACTS], "additionalProperties": False}
    shape["description"] = "As people write it: a caller ID in any spelling, a time also as `2026-12-01 09:30 ET`."
    return {**shape, "properties": {**fields, COLUMN: column, CONTACTS: contacts}}


CAMPAIGN_SCHEMA, SHARED_SCHEMAS = campaign_schema("#/components/schemas/{model}")
JSON_BODY = {"application/json": {"schema": CAMPAIGN_SCHEMA, "example": CAMPAIGN}}
FORM_BODY = {"multipart/form-data": {"schema": _form_schema()}}

ANSWERS: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
"""What each operation answers when all is well, by `METHOD /path`: a test holds every one of them to its schema."""
