"""What state things are in, who moves them in and out, and which moves are legal. Finished states are never left."""

from collections.abc import Mapping
from enum import StrEnum


class SubmissionState(StrEnum):
    """Where one POST of at most 10,000 phones stands."""

    PLANNED = "planned"
    """Not sent. In: the plan; a sender with proof that nothing was taken; `jobs.outcomes`, by policy or by a person,
    where the gateway does not list what was `unknown`. Out: a sender's claim; stop, expiry; an earlier attempt's
    session."""
    CLAIMED = "claimed"
    """A sender holds it under a lease; nothing has left. In: `claim`. Out: that sender; anyone, after the lease."""
    SENDING = "sending"
    """Written before the socket opens: from here on phones may ring. Out: the sender with the gateway's answer,
    evidence, or, after the deadline, the sweeper to `unknown`."""
    ACCEPTED = "accepted"
    """The gateway gave a session id, or evidence found it. Out: `refresh`, once every phone is accounted for."""
    UNKNOWN = "unknown"
    """Nobody knows whether the gateway took it. Never sent again by a timer alone. Out: evidence, in `jobs.outcomes`;
    its own sender with late proof that nothing left; a person."""
    REJECTED = "rejected"
    """The gateway refused it, or its audio was found to be wrong before it was sent; with a reason. Final."""
    WITHDRAWN = "withdrawn"
    """Stopped, cancelled or expired before it was sent, or while the gateway did not list it; or nobody was left after
    its last screening. Final."""
    FINISHED = "finished"
    """Every phone of it is accounted for. Final."""
    GIVEN_UP = "given_up"
    """It was unknown, and a person decided not to wait any longer. Its phones have no record; one that still comes is
    written down, and a session that turns up is stopped if its campaign was to end. Final."""


LEGAL_MOVES: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    SubmissionState.PLANNED: frozenset(
        # Accepted: a session of an earlier attempt shows up before it is sent again.
        {SubmissionState.CLAIMED, SubmissionState.WITHDRAWN, SubmissionState.ACCEPTED}
    ),
    SubmissionState.CLAIMED: frozenset(
        {
            SubmissionState.CLAIMED,
            SubmissionState.PLANNED,
            SubmissionState.SENDING,
            SubmissionState.ACCEPTED,
            SubmissionState.REJECTED,
            SubmissionState.WITHDRAWN,
        }
    ),
    SubmissionState.SENDING: frozenset(
        {SubmissionState.ACCEPTED, SubmissionState.REJECTED, SubmissionState.PLANNED, SubmissionState.UNKNOWN}
    ),
    SubmissionState.UNKNOWN: frozenset(
        {
            SubmissionState.ACCEPTED,
            SubmissionState.PLANNED,
            SubmissionState.REJECTED,
            SubmissionState.WITHDRAWN,
            SubmissionState.GIVEN_UP,
        }
    ),
    SubmissionState.ACCEPTED: frozenset({SubmissionState.FINISHED}),
    SubmissionState.REJECTED: frozenset(),
    SubmissionState.WITHDRAWN: frozenset(),
    SubmissionState.FINISHED: frozenset(),
    SubmissionState.GIVEN_UP: frozenset(),
}


def states_before(state: SubmissionState) -> frozenset[SubmissionState]:
    """The states from which a submission may move to `state`."""
    return frozenset(before for before, after in LEGAL_MOVES.items() if state in after)


class Intent(StrEnum):
    """What the people responsible want of a campaign. Nothing new starts unless it is `run`."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    CANCEL = "cancel"


LEGAL_INTENTS: Mapping[Intent, frozenset[Intent]] = {
    Intent.RUN: frozenset({Intent.PAUSE, Intent.STOP, Intent.CANCEL}),
    Intent.PAUSE: frozenset({Intent.RUN, Intent.STOP, Intent.CANCEL}),
    Intent.STOP: frozenset(),
    Intent.CANCEL: frozenset(),
}


class Run(StrEnum):
    """What the gateway last confirmed of a session's run."""

    UNSURE = "unsure"
    """A verb is on its way, was refused, or its answer was lost. In step with no intent: the gateway is told again."""

    GOING = "going"
    PAUSED = "paused"
    ENDED = "ended"
    """Stopped or cancelled at the gateway, or it said that the session was over already."""


class CampaignStatus(StrEnum):
    """One word for a person who looks at a campaign, and `sentence` for what it means; derived from its intent and its
    submissions, never stored.
    """

    sentence: str

    def __new__(cls, word: str, sentence: str = "") -> "CampaignStatus":
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member

    WAITING = "waiting", "Nothing is sent yet: its hour has not come, no worker has got to it, or its account is held."
    SENDING = "sending", "Some submissions are on their way to the gateway, or still to be sent."
    RUNNING = "running", "All that can be sent is with the gateway; records of calls are coming in."
    PAUSING = "pausing", "Nothing new starts; the gateway has not confirmed the pause of every session yet."
    PAUSED = "paused", "Nothing new starts and every session's pause is confirmed."
    STOPPING = "stopping", "Nothing new starts; some session is not confirmed as ended, or its last records are not in."
    NEEDS_DECISION = (
        "needs_decision",
        "All else has ended, but of some submission nobody knows whether the gateway took it.",
    )
    FINISHED = "finished", "Every phone is accounted for."
    STOPPED = "stopped", "Stopped by a person or by its end time; no call and no record is to come any more."
    CANCELLED = "cancelled", "Cancelled by a person; no call and no record is to come any more."
    REJECTED = "rejected", "Nobody was called: what was not refused, by the gateway or for its audio, was withdrawn."
    EXPIRED = "expired", "Its time had passed before anything was sent."

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more without a person."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {
        CampaignStatus.FINISHED,
        CampaignStatus.STOPPED,
        CampaignStatus.CANCELLED,
        CampaignStatus.REJECTED,
        CampaignStatus.EXPIRED,
    }
)


class DropState(StrEnum):
    """How one drop ended, as far as a call record says."""

    PENDING = "pending"
    """No call record yet."""
    DELIVERED = "delivered"
    """A call record says so."""
    FAILED = "failed"
    """A call record says so; its reason is kept word for word."""
    NO_RECORD = "no_record"
    """The session is over and no call record came, or its submission was given up. A record that still comes replaces
    it."""
    SCREENED = "screened"
    """Taken out before sending: it came on the do-not-dial list after its campaign was taken in. Final."""


UNSENT = frozenset({SubmissionState.PLANNED, SubmissionState.CLAIMED, SubmissionState.SENDING})
UNSETTLED = UNSENT | {SubmissionState.ACCEPTED, SubmissionState.UNKNOWN}
ENDING_INTENTS = frozenset({Intent.STOP, Intent.CANCEL})
