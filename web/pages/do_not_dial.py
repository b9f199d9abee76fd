"""Who is never called: looking one number up, and putting numbers on an account's list or taking them off.

Numbers come by form and never stand in an address, which browsers and proxies remember.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from config.durability import Durability, examine
from jobs.campaigns import do_not_dial as lists
from jobs.campaigns.do_not_dial import Changed, Verb
from jobs.contacts import Row
from jobs.ledger import do_not_dial as ledger
from jobs.ledger.durability import NotDurable
from jobs.phones import Refusal, normalise
from web.pages import facts
from web.pages.drawing import draw
from web.pages.refusals import Refused, check_reason
from web.pages.route import Operator, PageRoute, Reader, check_form
from web.site import OurSite, Site
from web.visitors import Visitor

MOST_PHONES = 500
NEWEST = 25
HERE = "/do-not-dial"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is known of one number in a list."""

    phone: str = field(repr=False)
    account: str
    is_listed: bool
    history: Sequence[lists.Request]


@router.get(HERE)
def show(request: Request, site: OurSite, visitor: Reader) -> Response:
    """Every list, and what was asked for last."""
    return _draw(request, site, visitor)


@router.post(f"{HERE}/look")
def look(
    request: Request,
    site: OurSite,
    visitor: Reader,
    phone: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "default",
    token: Annotated[str, Form()] = "",
) -> Response:
    """Whether a number is on a list, and who wanted that."""
    check_form(request, token)
    known = normalise(phone)
    if isinstance(known, Refusal):
        raise Refused(422, "This is no phone.", known.sentence, field="phone")
    _check_account(site, account)
    history = lists.history_of(site.redis, account, known)
    is_listed = lists.is_listed(site.redis, account, known)
    return _draw(request, site, visitor, found=LookedUp(known, account, is_listed, history[::-1]))


@router.post(f"{HERE}/change")
def change(
    request: Request,
    site: OurSite,
    visitor: Operator,
    verb: Annotated[str, Form()] = "",
    phones: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "default",
    why: Annotated[str, Form()] = "",
) -> Response:
    """Put numbers on a list, or take them off; a slip in one changes nothing."""
    if verb not in set(Verb):
        raise Refused(422, "Numbers are put on the list, or taken off.", "Nothing was changed.")
    texts = [text for text in phones.replace(",", "\n").splitlines() if text.strip()]
    _check(texts)
    _check_account(site, account)
    check_reason(why)
    rows = [Row(line, text) for line, text in enumerate(texts, start=1)]
    try:
        changed = site.producer.do_not_dial(
            account, Verb(verb), rows, by=visitor.name, why=why.strip(), source="page", durably=is_strict(site)
        )
    except NotDurable:
        todo = "It holds now; whether it would outlast a crash of the server is not known. Repeat it."
        raise Refused(503, "The server did not say that it is on its disk.", todo) from None
    return _draw(request, site, visitor, verb=Verb(verb), changed=changed)


def _check(texts: Sequence[str]) -> None:
    if not 0 < len(texts) <= MOST_PHONES:
        todo = f"Nothing was changed. Up to {MOST_PHONES} can be changed here; more by `do-not-dial import`."
        raise Refused(422, "There must be at least one phone, and not too many.", todo, field="phones")
    refused = [(line, read) for line, text in enumerate(texts, 1) if isinstance(read := normalise(text), Refusal)]
    if refused:
        line, refusal = refused[0]
        more = f" (and {len(refused) - 1} more like it)" if len(refused) > 1 else ""
        raise Refused(422, f"Line {line} is no phone{more}. {refusal.sentence}", "Nothing was changed.", field="phones")


def _check_account(site: Site, account: str) -> None:
    """A slip in its name, as far as this process knows the accounts."""
    if account not in {*facts.accounts(site), *ledger.accounts(site.redis)}:
        raise Refused(422, "There is no such account.", "Nothing was changed.", field="account")


def is_strict(site: Site) -> bool:
    """Whether the server says when a write is on its disk, and nobody has asked for less."""
    return examine(site.redis).used_for(site.settings.durability) is Durability.STRICT


def _draw(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    found: LookedUp | None = None,
    verb: Verb | None = None,
    changed: Changed | None = None,
) -> Response:
    names = sorted({*facts.accounts(site), *ledger.accounts(site.redis)})
    views = [ledger.read(site.redis, account) for account in names]
    newest = {account: ledger.newest(site.redis, account, most=NEWEST) for account in names}
    told: dict[str, Any] = {"lists": views, "newest": newest, "found": found, "verb": verb, "changed": changed}
    return draw(request, visitor, "do_not_dial.html", **told)
