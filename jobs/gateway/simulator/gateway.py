"""What the gateway knows: its switches, its clock, its book and the do-not-dial lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jobs.gateway.simulator.book import Book
from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.replies import Reply
from jobs.gateway.simulator.settings import Account, Dialect, Settings


@dataclass(slots=True)
class Gateway:
    """What every request is judged by. `settings` may be replaced at any time, whole."""

    settings: Settings
    clock: Clock
    book: Book = field(default_factory=Book)
    do_not_dial: dict[str, set[str]] = field(default_factory=dict)
    """The lists, by account; to be changed under the book's lock."""

    def dialect_of(self, uid: str) -> Dialect:
        """How this account is spoken to."""
        account = self.settings.accounts.get(uid)
        return account.dialect if account and account.dialect else self.settings.dialect


@dataclass(frozen=True, slots=True)
class Caller:
    """The account a request comes from, its password checked."""

    uid: str
    account: Account


Option = Callable[[Gateway, Caller, Mapping[str, str]], Reply]
"""Carries out one kind of request, given its fields."""
