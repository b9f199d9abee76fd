"""Telling one session of the gateway something: the verb that fits its state, and the other one once if it is refused.

The vendor's words: `cancel` ends what is scheduled, `stop` what runs. What one refuses, the other may do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import RefusalKind, Rejected
from jobs.gateway.replies import ControlAnswer
from jobs.ledger.limits import Lane
from jobs.models import ENDING_INTENTS, Intent, Run


class Verb(Protocol):
    """A method of the client that tells one session something."""

    __name__: str

    def __call__(
        self, gateway: GatewayClient, session_id: str, /, *, before_send: Callable[[], None] = ...
    ) -> ControlAnswer:
        """As `GatewayClient.pause`."""


WANTED_RUN = {Intent.RUN: Run.GOING, Intent.PAUSE: Run.PAUSED, Intent.STOP: Run.ENDED, Intent.CANCEL: Run.ENDED}
"""What a session does once an intent is carried out."""

_ENDINGS: tuple[Verb, Verb] = (GatewayClient.stop, GatewayClient.cancel)


@dataclass(frozen=True, slots=True)
class Refused:
    """One verb that the gateway refused, in its own words."""

    verb: str
    kind: RefusalKind
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling a session something. `run` is what it does now, None when every verb was refused."""

    run: Run | None
    refusals: tuple[Refused, ...] = ()
    had_ended: bool = False
    """Whether the gateway says that it was over before."""

    @property
    def why_refused(self) -> str:
        """Every refusal in one line."""
        return "; ".join(f"{each.verb}: {each.reason}" for each in self.refusals)


def verbs_for(intent: Intent, *, has_begun: bool) -> tuple[Verb, ...]:
    """The verbs to say, in this order, until one is not refused."""
    if intent is Intent.RUN:
        return (GatewayClient.resume,)
    if intent is Intent.PAUSE:
        return (GatewayClient.pause,)
    return _ENDINGS if has_begun else _ENDINGS[::-1]


def lane_of(intent: Intent) -> Lane:
    """In which lane those verbs are said."""
    return Lane.ENDS if intent in ENDING_INTENTS else Lane.VERBS


def tell(say: Callable[[Verb], ControlAnswer], intent: Intent, *, has_begun: bool) -> Told:
    """Say what brings a session in step with `intent`; raises `NotSent` or `OutcomeUnknown`, after which all of it may
    be said again: no verb does harm twice.
    """
    refusals: list[Refused] = []
    for verb in verbs_for(intent, has_begun=has_begun):
        try:
            answer = say(verb)
        except Rejected as rejected:
            refusals.append(Refused(verb.__name__, rejected.kind, rejected.reason))
            continue
        had_ended = answer is ControlAnswer.ALREADY_OVER
        return Told(Run.ENDED if had_ended else WANTED_RUN[intent], tuple(refusals), had_ended)
    return Told(None, tuple(refusals))
