"""The answers to pause, run, cancel and stop."""

from enum import StrEnum

from jobs.gateway.errors import RefusalKind, Rejected
from jobs.gateway.replies.bodies import affirms, describe, unclear, understand


class ControlAnswer(StrEnum):
    """What the gateway says of a session that it was told to pause, run, cancel or stop."""

    DONE = "done"
    """It did as told."""
    ALREADY_OVER = "already_over"
    """The session had ended before: for stop and cancel the goal is reached, for pause and run it is missed."""


def parse_control_reply(text: str) -> ControlAnswer:
    """What the gateway did; raises `Rejected` when it refused for another reason, `OutcomeUnknown` for all else."""
    try:
        body = understand(text)
    except Rejected as refused:
        if refused.kind is RefusalKind.ALREADY_FINISHED:
            return ControlAnswer.ALREADY_OVER
        raise
    if affirms(body, "pause", "run", "cancel", "stop"):
        return ControlAnswer.DONE
    raise unclear(describe(body))
