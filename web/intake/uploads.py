"""A campaign as it comes in: JSON as another system states it, or a form with a contact file as a person's terms.

Law of the room: nothing is stored here, and no value is repeated in what is said about it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from jobs.campaigns.plan import Plan, plan
from jobs.columns import UnreadableContacts
from jobs.contacts import Contacts, Row, read_contacts
from jobs.documents.terms import read_terms
from jobs.models import InvalidCampaign, Problem, Terms, parse_campaign
from web.problems import FlawDocument, Kind, Refusal, flaw, not_json

CONTACTS = "contacts"
"""The form's field with the file."""
COLUMN = "column"
RECIPIENTS = "recipients"
"""The field of a campaign, as JSON, with the phones."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What somebody wants sent: its terms, its plan and, of a file, how it was read. With `flaws`, terms and plan are
    those of what is right, and nothing is to be sent.
    """

    terms: Terms
    plan: Plan
    contacts: Contacts | None = field(default=None, repr=False)
    flaws: Sequence[FlawDocument] = ()
    rows: str = RECIPIENTS
    """The field that they came in by."""

    def refusal(self, problems: Iterable[Problem]) -> Refusal:
        """All that is wrong with it: its flaws, and problems of the fields of which none is told yet."""
        told = {each["field"].partition(".")[0] for each in self.flaws}
        here = (replace(each, field=self.rows) if each.field == RECIPIENTS else each for each in problems)
        return Refusal(Kind.INVALID, flaws=[*self.flaws, *(flaw(each) for each in here if each.field not in told)])


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form and its file."""

    fields: Mapping[str, str] = field(repr=False)
    contacts: BinaryIO | None


def from_json(body: bytes) -> HandedIn:
    """What a JSON body states, as `jobs.models.Campaign` reads it; raises `Refusal` for what is no object."""
    try:
        stated = json.loads(body)
    except json.JSONDecodeError as broken:
        raise not_json(broken.doc, broken.pos) from None
    except (ValueError, RecursionError):
        raise Refusal(Kind.UNREADABLE, "it is not JSON") from None
    try:
        campaign = parse_campaign(stated)
    except InvalidCampaign as invalid:
        if invalid.right is None:
            raise
        return HandedIn(invalid.right, _listed(stated.get(RECIPIENTS)), flaws=list(map(flaw, invalid.problems)))
    return HandedIn(campaign.terms(), _listed(campaign.recipients))


def _listed(recipients: Any) -> Plan:
    """The plan of what may be phones; of anything else nothing."""
    listed = recipients if isinstance(recipients, list | tuple) else ()
    return plan(Row(line, str(each)) for line, each in enumerate(listed, start=1) if isinstance(each, str | int))


def from_form(form: Form) -> HandedIn:
    """What a form states; its fields are those of `jobs.models.Terms` as people write them, and `column`."""
    fields = {name: text for name, text in form.fields.items() if text.strip() and name != CONTACTS}
    column = fields.pop(COLUMN, None)
    terms, flaws = _terms(fields)
    planned, contacts = plan(()), None
    try:
        planned, contacts = _read(form.contacts, column)
    except UnreadableContacts as unreadable:
        flaws.append(_row_flaw(str(unreadable)))
    return HandedIn(terms, planned, contacts, flaws, rows=CONTACTS)


def _terms(fields: Mapping[str, Any]) -> tuple[Terms, list[FlawDocument]]:
    try:
        return read_terms({"caller_id": "", **fields}), []
    except InvalidCampaign as invalid:
        if invalid.right is None:
            raise
        return invalid.right, [flaw(each) for each in invalid.problems]


def _read(stream: BinaryIO | None, column: str | None) -> tuple[Plan, Contacts]:
    if stream is None:
        raise UnreadableContacts("is missing: give the CSV as a file, as in curl -F contacts=@contacts.csv")
    contacts = read_contacts(stream, column=column)
    return plan(contacts), contacts


def _row_flaw(words: str) -> FlawDocument:
    """What is wrong with a contact file, in the words of a form; of a single row, with its line."""
    by_form = re.sub(r"--column (\d+)", rf"{COLUMN}=\1", words).replace("--column", f"the field {COLUMN}")
    told = flaw(Problem(CONTACTS, by_form))
    at_line = re.match(r"line (\d+): ", words)
    return {**told, "row": int(at_line[1])} if at_line else told
