"""A campaign as it comes in: JSON as another system states it, or a form with a contact file as a person's terms.

Law of the room: nothing is stored here, and no value is repeated in what is said about it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from jobs.campaigns.plan import Plan, plan
from jobs.columns import UnreadableContacts
from jobs.contacts import Contacts, Row, read_contacts
from jobs.documents.terms import read_terms
from jobs.models import InvalidCampaign, Problem, Terms, parse_campaign
from web.problems import FlawDocument, Kind, Refusal, flaw

CONTACTS = "contacts"
"""The form's field with the file."""
COLUMN = "column"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What somebody wants sent: its terms, its plan and, of a file, how it was read."""

    terms: Terms
    plan: Plan
    contacts: Contacts | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form and its file."""

    fields: Mapping[str, str] = field(repr=False)
    contacts: BinaryIO | None


def from_json(body: bytes) -> HandedIn:
    """What a JSON body states, as `jobs.models.Campaign` reads it; raises `Refusal` or `InvalidCampaign`."""
    try:
        stated = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(Kind.UNREADABLE, "it is not JSON") from None
    campaign = parse_campaign(stated)
    rows = (Row(line, text) for line, text in enumerate(campaign.recipients, start=1))
    return HandedIn(campaign.terms(), plan(rows))


def from_form(form: Form) -> HandedIn:
    """What a form states; its fields are those of `jobs.models.Terms` as people write them, and `column`. Raises
    `Refusal` with all that is wrong with fields and file.
    """
    fields = {name: text for name, text in form.fields.items() if text.strip()}
    column = fields.pop(COLUMN, None)
    terms, flaws = _terms(fields)
    read: tuple[Plan, Contacts] | None = None
    try:
        read = _read(form.contacts, column)
    except UnreadableContacts as unreadable:
        flaws.append(_row_flaw(str(unreadable)))
    if flaws or terms is None or read is None:
        raise Refusal(Kind.INVALID, flaws=flaws)
    return HandedIn(terms, *read)


def _terms(fields: Mapping[str, Any]) -> tuple[Terms | None, list[FlawDocument]]:
    try:
        return read_terms({"caller_id": "", **fields}), []
    except InvalidCampaign as invalid:
        return None, [flaw(each) for each in invalid.problems]


def _read(stream: BinaryIO | None, column: str | None) -> tuple[Plan, Contacts]:
    if stream is None:
        raise UnreadableContacts("is missing: give the CSV as a file, as in curl -F contacts=@contacts.csv")
    contacts = read_contacts(stream, column=column)
    return plan(contacts), contacts


def _row_flaw(words: str) -> FlawDocument:
    """What is wrong with a contact file, in the words of a form; of a single row, with its line."""
    told = flaw(Problem(CONTACTS, words.replace("--column", f"the field {COLUMN}")))
    at_line = re.match(r"line (\d+): ", words)
    return {**told, "row": int(at_line[1])} if at_line else told
