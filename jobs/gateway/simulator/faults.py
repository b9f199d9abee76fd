"""What can go wrong between the gateway and a client, and whom it befalls."""

import random
import threading
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import Field

from jobs.gateway.simulator.book import Arrival
from jobs.gateway.simulator.settings import Seconds, Share, Switches


class FaultKind(StrEnum):
    """How a request goes wrong. Unless a name says otherwise, the request is carried out first."""

    ACCEPT_THEN_NEVER_ANSWER = "accept_then_never_answer"
    ACCEPT_THEN_RESET = "accept_then_reset"
    ACCEPT_LATE = "accept_late"
    """Waits `seconds`, then carries the request out and answers, whether or not the client is still there."""
    ANSWER_502_AFTER_ACCEPTING = "answer_502_after_accepting"
    HALF_BODY = "half_body"
    """The header promises the whole answer, half of it comes."""
    HTML = "html"
    SLOW = "slow"
    """The answer comes after `seconds`."""
    DRIP = "drip"
    """The answer comes a byte at a time, spread over `seconds`."""
    ANSWER = "answer"
    """The answer is `text` in place of the true one; an empty body without it."""
    DOWN_AFTER_ACCEPTING = "down_after_accepting"
    """A reset, and for `seconds` every connection is refused."""
    REFUSE = "refuse"
    """Not carried out: `ERROR` and `text`."""
    RESET_BEFORE_ACCEPTING = "reset_before_accepting"
    NEVER_ANSWER_BEFORE_ACCEPTING = "never_answer_before_accepting"
    ANSWER_502_BEFORE_ACCEPTING = "answer_502_before_accepting"
    HTML_BEFORE_ACCEPTING = "html_before_accepting"
    DOWN_BEFORE_ACCEPTING = "down_before_accepting"
    """Not carried out: a reset, and for `seconds` every connection is refused."""


UNHEARD = frozenset(
    {
        FaultKind.REFUSE,
        FaultKind.RESET_BEFORE_ACCEPTING,
        FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING,
        FaultKind.ANSWER_502_BEFORE_ACCEPTING,
        FaultKind.HTML_BEFORE_ACCEPTING,
        FaultKind.DOWN_BEFORE_ACCEPTING,
    }
)
"""Faults that keep a request from being carried out."""


class Fault(Switches):
    """One fault, for the next `times` requests that fit. Seconds are real."""

    kind: FaultKind
    times: int = Field(default=1, ge=0, description="how often it strikes; 0: for ever")
    skip: int = Field(default=0, ge=0, description="this many requests that fit are let pass first")
    chance: Share = Field(default=1, description="that it strikes a request that fits, drawn by the seed")
    on: Literal["submission", "control", "question", "any"] = "submission"
    title: str | None = Field(default=None, description="only where `c_title` is this, or this and ` [...]`")
    first_phone: str | None = Field(default=None, description="only where `c_phone` begins with this")
    seconds: Seconds = 5
    unlisted_s: Seconds = Field(
        default=0, description="simulated: a session that it befell shows in `campaign_by_date` so much later"
    )
    text: str = ""


_CONTROLS = frozenset({"pause", "run", "stop", "cancel", "do_not_dial", "remove_do_not_dial"})


class Faults:
    """The faults that wait for a request; the one armed first strikes first."""

    def __init__(self, armed: Iterable[Fault] = (), seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._armed = list(armed)
        self._seed = seed

    @property
    def armed(self) -> list[Fault]:
        with self._lock:
            return list(self._armed)

    def arm(self, *faults: Fault) -> None:
        with self._lock:
            self._armed.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def strike(self, arrival: Arrival) -> Fault | None:
        """The fault that befalls this request, used up by one."""
        with self._lock:
            for place, fault in enumerate(self._armed):
                if not _fits(fault, arrival):
                    continue
                if fault.skip:
                    self._armed[place] = fault.model_copy(update={"skip": fault.skip - 1})
                elif self._is_drawn(fault, arrival, place):
                    self._armed[place : place + 1] = _what_is_left(fault)
                    return fault
        return None

    def _is_drawn(self, fault: Fault, arrival: Arrival, place: int) -> bool:
        # Drawn from the request's number, so that a run with the same requests goes wrong in the same places.
        return random.Random(f"{self._seed}/{arrival.number}/{place}").random() < fault.chance


def _what_is_left(fault: Fault) -> list[Fault]:
    if fault.times == 0:
        return [fault]
    return [fault.model_copy(update={"times": fault.times - 1})] if fault.times > 1 else []


def _fits(fault: Fault, arrival: Arrival) -> bool:
    title = arrival.fields.get("c_title", "")
    return (
        fault.on in {"any", _sort_of(arrival.option)}
        and fault.title in {None, title, title.partition(" [")[0]}
        and fault.first_phone in {None, arrival.first_phone}
    )


def _sort_of(option: str) -> str:
    if option == "new_campaign":
        return "submission"
    return "control" if option in _CONTROLS else "question"
