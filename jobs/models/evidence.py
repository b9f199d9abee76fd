"""What is found out about a submission in doubt: one noun for everything that is seen, said or decided about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Finding(StrEnum):
    """What one piece of evidence says."""

    SIGN = "sign"
    """The gateway refused it as something that it has already. No session id comes with that."""
    POSTBACK = "postback"
    """A call record came to the URL of this attempt: the gateway has it, under that session."""
    ANSWER = "answer"
    """The gateway's answer to this attempt came after the attempt was given up: it names the session."""
    MARK = "mark"
    """The gateway lists a session that we did not know, with this attempt's mark in its title."""
    PHONES = "phones"
    """The gateway lists a session that we did not know, and its call records are for our phones."""
    SEVERAL = "several"
    """More than one session may be it, or one session may be more than one submission: a person decides."""
    UNCLEAR = "unclear"
    """The gateway lists a session that we did not know, and nothing says yet whose it is."""
    ABSENT = "absent"
    """A complete listing without any session that may be it."""
    INCOMPLETE = "incomplete"
    """A listing that could not be had, or that does not show what it should: it says nothing."""
    STRAY = "stray"
    """The session of an earlier attempt has turned up after the submission was sent again or has ended."""
    DECISION = "decision"
    """A person decided, or the campaign's policy did."""

    @property
    def names_it(self) -> bool:
        """Whether it says which session of the gateway is the submission's."""
        return self in {Finding.POSTBACK, Finding.ANSWER, Finding.MARK, Finding.PHONES}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be the submission in doubt, as one look saw it."""

    session_id: str
    title: str = ""
    """In the gateway's listing; '' where that shows none."""
    dated: str = ""
    """The date beside it in the listing, in the gateway's own writing; '' where there is none."""
    called: int | None = None
    """How many phones its call records are for; None where nobody asked, or the gateway did not say."""
    shared: int = 0
    """How many of these are on the submission."""
    first_call: str = ""
    """When the first of them was called, Eastern, in the gateway's own writing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that is known of a submission in doubt, and since when."""

    at: datetime
    finding: Finding
    words: str
    """A sentence for a person; session ids are not in it."""
    mark: str = ""
    """Of the attempt that it is about."""
    session_ids: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """More of the sessions, where they may be it and nothing says which is."""
    balance: str = ""
    """What the account had left and pending then. It decides nothing: others send through the same account."""
    decided: str = ""
    """What was decided, `by` whom and `why`."""
    by: str = ""
    why: str = ""
