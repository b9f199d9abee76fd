"""What a person calls a campaign: its id, or the key that it was handed in under."""

from jobs.cli.invocation import Invocation
from jobs.ledger import campaigns


def campaign_called(invocation: Invocation, id_or_key: str) -> str:
    """The id of the campaign that is called so, or else of the one with this key, which is said; what is neither comes
    back as it is.
    """
    if campaigns.read(invocation.redis, id_or_key) is not None:
        return id_or_key
    holder = campaigns.holder(invocation.redis, id_or_key)
    if holder is None:
        return id_or_key
    invocation.note(f"That is the key of campaign {holder.campaign_id}.")
    return holder.campaign_id
