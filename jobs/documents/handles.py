"""What comes of handing a campaign in: the handle, how its list was read, and what it comes to."""

from typing import Any

from typing_extensions import TypedDict

from jobs.documents.campaigns import CampaignDocument
from jobs.documents.plans import PlanDocument, ReadingDocument


class HandleDocument(TypedDict):
    """The handle of a campaign; of a dry run nothing but how the list was read and the plan."""

    campaign_id: str | None
    key: str | None
    is_new: bool | None
    contacts: ReadingDocument | None
    plan: PlanDocument
    audio_check: dict[str, Any] | None
    campaign: CampaignDocument | None
