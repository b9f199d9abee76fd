"""What may be told to other systems: the kinds of events, each with a sentence for whoever writes a receiver."""

from config.worded import Worded


class EventKind(Worded):
    """What happened, as `type` says it in a webhook."""

    CAMPAIGN_TAKEN = "campaign.taken", "A campaign is in the ledger, and will not be lost."
    CAMPAIGN_RUN = "campaign.run", "Somebody asked for it to go on."
    CAMPAIGN_PAUSE = "campaign.pause", "Somebody asked for a pause: nothing new starts from now on."
    CAMPAIGN_STOP = "campaign.stop", "Its end was asked for, by a person or by its end time: nothing new starts."
    CAMPAIGN_CANCEL = "campaign.cancel", "Its cancellation was asked for: nothing new starts."
    CAMPAIGN_NEEDS_DECISION = (
        "campaign.needs_decision",
        "All else has ended, but of some submission nobody knows whether the gateway took it.",
    )
    CAMPAIGN_ENDED = "campaign.ended", "It is over; `status` says how."
    SUBMISSION_ACCEPTED = "submission.accepted", "The gateway took a submission, or evidence says so."
    SUBMISSION_REJECTED = "submission.rejected", "The gateway refused a submission; `reason` says why."
    SUBMISSION_UNKNOWN = "submission.unknown", "Nobody knows whether the gateway took a submission."
    SUBMISSION_WITHDRAWN = "submission.withdrawn", "A submission ended before it was sent."
    SUBMISSION_FINISHED = "submission.finished", "Every phone of a submission is accounted for."
    SUBMISSION_GIVEN_UP = "submission.given_up", "A person decided not to look for a submission any further."
    DROPS_RECORDED = "drops.recorded", "Call records came: how so many drops ended, each with its phone."
    WEBHOOK_TEST = "webhook.test", "A person asked whether the receiver can be reached."


TOPICS = ("campaign", "submission", "drops")
"""What a receiver may be told of: how the words of its events begin."""
