"""A day of an account beside the gateway's listing: what was found, as it is kept. No phone is in it.

What is kept is JSON with a version; it is read for as long as reports are kept, so fields are added and never renamed.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from jobs.models.states import DropState

MOST_NAMED = 1_000
"""Of each kind of finding; more are counted, not named."""


class Finding(BaseModel):
    """What all parts of a report have in common: they are values."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Missing(Finding):
    """A session of ours that the gateway lists on none of the days on which it could be."""

    submission_id: str
    session_id: str
    phones: int


class Outside(Finding):
    """A session that the gateway lists and nobody here began: the vendor's website, or another program."""

    session_id: str
    title: str
    outcomes: Mapping[str, int] = {}
    """Its drops by the gateway's own status and reason."""
    refusal: str = ""
    """Why the gateway would not give its records, in its own words."""
    submission_id: str = ""
    """The given-up submission of ours that it is; '' for none."""


class OtherCounts(Finding):
    """A session of which the gateway counts other phones than we sent."""

    submission_id: str
    session_id: str
    sent: int
    taken: int | None
    """How many the gateway said that it took."""
    recorded: int
    """Phones that have a call record there."""
    foreign: int
    """Those of them that we did not send."""


class Contrary(Finding):
    """A drop of which the gateway now says otherwise than the record that we believed first, which stays."""

    submission_id: str
    session_id: str
    place: int
    """Of the phone in its submission, counted from 0."""
    phone: str
    """Its last digits."""
    here: DropState
    there: DropState


class Unread(Finding):
    """A session of ours whose records the gateway refused to give."""

    submission_id: str
    session_id: str
    refusal: str


Kind = TypeVar("Kind", bound=Finding)


class Named(Finding, Generic[Kind]):
    """All findings of one kind: how many, and the first of them."""

    total: int = 0
    named: tuple[Kind, ...] = ()


def named(findings: Iterable[Kind]) -> Named[Kind]:
    """All of them counted, as many as a report keeps named."""
    listed = tuple(findings)
    return Named(total=len(listed), named=listed[:MOST_NAMED])


class DayReport(Finding):
    """What came of comparing an Eastern day of an account. The same comparison gives the same report."""

    version: Literal[1] = 1
    account: str
    day: date
    found_at: datetime
    """When it was first found to be so; comparing again changes it only where something else is found."""
    is_done: bool
    """Whether everything was compared and no session of that day is open any more."""
    is_over: bool = True
    """Whether the day was over when the gateway was asked; of one that was not, more sessions may have come since."""
    is_compared: bool = True
    """Whether it ever was as a whole; what was found then stands, whatever the last comparison came to."""
    trouble: str = ""
    """Why the last comparison failed; '' where it did not."""
    failed_at: datetime | None = None
    """When it did."""
    again_at: datetime | None = None
    """When the gateway is asked again about a day whose last comparison failed; None for not by itself."""
    listed: Annotated[int, Field(ge=0)] = 0
    matched: Annotated[int, Field(ge=0)] = 0
    """Listed sessions that are ours."""
    open: Annotated[int, Field(ge=0)] = 0
    """Those of them that still run: their counts are compared when they are over."""
    missing: Named[Missing] = Named[Missing]()
    outside: Named[Outside] = Named[Outside]()
    handed_over: Named[Outside] = Named[Outside]()
    """Strangers that are the sessions of unknown submissions of ours."""
    strays: Named[Outside] = Named[Outside]()
    """Sessions of earlier attempts of ours, or given up where a stop was asked for; they are being stopped."""
    given_up: Named[Outside] = Named[Outside]()
    """Sessions of submissions of ours that had been given up, each with its submission."""
    other_counts: Named[OtherCounts] = Named[OtherCounts]()
    contrary: Named[Contrary] = Named[Contrary]()
    unread: Named[Unread] = Named[Unread]()

    @property
    def is_final(self) -> bool:
        """Whether the day need not be compared again."""
        return self.is_done and self.is_over

    @property
    def is_clean(self) -> bool:
        """Whether ledger and gateway say the same of all of the day so far, and the last comparison did not fail."""
        found = (self.missing, self.outside, self.strays, self.given_up, self.other_counts, self.contrary, self.unread)
        return self.is_done and not self.trouble and not any(each.total for each in found)

    def says_the_same(self, other: "DayReport") -> bool:
        """Whether both found the same, whenever, and whatever became of looking again."""
        passing = ("found_at", "trouble", "failed_at", "again_at")
        return self.model_copy(update={name: getattr(other, name) for name in passing}) == other
