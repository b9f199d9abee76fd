"""The do-not-dial lists. A phone stands in bodies alone, never in a path: paths are logged on the way."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from config.durability import Durability, examine
from jobs.campaigns import do_not_dial as lists
from jobs.campaigns.do_not_dial import Verb
from jobs.contacts import Row
from jobs.documents.do_not_dial import (
    ChangedDocument,
    HistoryDocument,
    ListDocument,
    changed_document,
    history_document,
    list_document,
)
from jobs.ledger import do_not_dial as ledger
from jobs.phones import Refusal, normalise
from web.intake.accounts import check_account
from web.intake.edge import Edge
from web.intake.shapes import WITH_BODY, Account, Controller, Reader, Why, problems
from web.site import OurSite

router = APIRouter(route_class=Edge, prefix="/do-not-dial", tags=["do-not-dial"])

MOST_PHONES = 10_000
"""Of one request; a longer list goes in several, or by `python -m jobs do-not-dial import`."""

SOURCE = "http"


def _phone(text: str) -> str:
    if isinstance(refusal := normalise(text), Refusal):
        raise ValueError(refusal.sentence)  # noqa: TRY004  # the framework reads this one
    return text


PhoneText = Annotated[str, StringConstraints(max_length=100), AfterValidator(_phone)]

PHONE: JsonDict = {"phone": "(617) 555-0123"}
CHANGE: JsonDict = {"phones": ["(617) 555-0123"], "why": "asked by e-mail"}


class Change(BaseModel):
    """Phones, in any usual spelling, and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [CHANGE]})

    phones: Annotated[list[PhoneText], Field(min_length=1, max_length=MOST_PHONES)]
    why: Why


class OnePhone(BaseModel):
    """A phone, in any usual spelling."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [PHONE]})

    phone: PhoneText


@router.get("", summary="Every account's do-not-dial list", responses=problems())
def every_list(site: OurSite, _: Reader) -> dict[str, list[ListDocument]]:
    """How long each account's list is, and whether the gateway has confirmed it."""
    names = ledger.accounts(site.redis)
    return {"lists": [list_document(ledger.read(site.redis, name)) for name in names]}


@router.get("/{account}", summary="One account's list", responses=problems())
def one_list(site: OurSite, _: Reader, account: Account) -> ListDocument:
    """The same of one account."""
    check_account(site, account)
    return list_document(ledger.read(site.redis, account))


@router.post("/{account}/add", summary="Put phones on a list", responses=problems(*WITH_BODY))
def add(site: OurSite, visitor: Controller, account: Account, change: Change) -> ChangedDocument:
    """Put phones on the list. When this is answered, nothing new is sent to them. Who wanted it is the token's name. A
    slip in one of them changes nothing.
    """
    return _change(site, visitor.name, account, Verb.ADD, change)


@router.post("/{account}/remove", summary="Take phones off a list", responses=problems(*WITH_BODY))
def remove(site: OurSite, visitor: Controller, account: Account, change: Change) -> ChangedDocument:
    """Take phones off the list; campaigns that come after may call them."""
    return _change(site, visitor.name, account, Verb.REMOVE, change)


@router.post("/{account}/history", summary="Whether a phone is on a list, and why", responses=problems(*WITH_BODY))
def history(site: OurSite, _: Reader, account: Account, asked: OnePhone) -> HistoryDocument:
    """Whether a phone is on the list, and who wanted what, when and why. A POST, so that no phone is in an address."""
    check_account(site, account)
    phone = normalise(asked.phone)
    found = lists.history_of(site.redis, account, phone)
    return history_document(account, phone, found, is_listed=lists.is_listed(site.redis, account, phone))


def _change(site: OurSite, by: str, account: str, verb: Verb, change: Change) -> ChangedDocument:
    check_account(site, account)
    rows = [Row(line, text) for line, text in enumerate(change.phones, start=1)]
    durably = examine(site.redis).used_for(site.settings.durability) is Durability.STRICT
    changed = site.producer.do_not_dial(account, verb, rows, by=by, why=change.why, source=SOURCE, durably=durably)
    return changed_document(verb, changed, ledger.read(site.redis, account))
