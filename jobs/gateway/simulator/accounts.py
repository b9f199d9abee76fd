"""What belongs to an account: its credits, its do-not-dial list, its stored lists of phones."""

from collections.abc import Mapping

from jobs.gateway.simulator.gateway import Caller, Gateway
from jobs.gateway.simulator.outcomes import Outcome
from jobs.gateway.simulator.phones import read_phones
from jobs.gateway.simulator.replies import Balance, Done, PhoneLists, Refused, Reply

WITHOUT_END = 999_999
"""Credits of an account that has no limit."""


def balance(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The answer to `remain_message=1` alone."""
    return balance_of(gateway, caller)


def balance_of(gateway: Gateway, caller: Caller) -> Balance:
    """A drop costs its credit when it is delivered; calls still to come are pending."""
    now = gateway.clock.now()
    delivered = pending = 0
    for session in gateway.book.sessions:
        if session.account == caller.uid:
            counts = session.counts(now)
            delivered += counts.get(Outcome.DELIVERED, 0)
            pending += 0 if session.state(now).is_over else counts["pending"]
    credits_given = WITHOUT_END if caller.account.credits is None else caller.account.credits
    return Balance(max(0, credits_given - delivered), pending)


def do_not_dial(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """Numbers on the list are taken out of campaigns accepted from now on."""
    phones = _phones(gateway, fields)
    if isinstance(phones, Refused):
        return phones
    with gateway.book.lock:
        gateway.do_not_dial.setdefault(caller.uid, set()).update(phones)
    return Done("do_not_dial")


def remove_do_not_dial(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """A number that is not on the list is no error."""
    phones = _phones(gateway, fields)
    if isinstance(phones, Refused):
        return phones
    with gateway.book.lock:
        gateway.do_not_dial.setdefault(caller.uid, set()).difference_update(phones)
    return Done("remove_do_not_dial")


def verify_user(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """Exactly `OK`; whoever got here has good credentials."""
    return Done("user_verify")


def list_phone_lists(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The lists that `c_listid` may name."""
    return PhoneLists(tuple((name, len(phones)) for name, phones in caller.account.phone_lists.items()))


def _phones(gateway: Gateway, fields: Mapping[str, str]) -> list[str] | Refused:
    phones = read_phones(fields.get("c_phone", ""))
    if not phones:
        return Refused(("c_phone: required",))
    return phones if all(phones) else Refused((gateway.settings.texts.assumed_bad_phone,))
