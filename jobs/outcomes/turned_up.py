"""What was given up and turns up after all: it is reported, its call records are taken, and it is stopped where its
campaign was to end.

Law of the room: what was given up stays given up. Nobody waits for it any more, and nothing of it is ever sent again.
"""

from jobs.campaigns import calling, strays
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.gateway.errors import GatewayError
from jobs.ledger import dispositions, evidence
from jobs.models import CampaignView, Evidence, Submission
from jobs.outcomes.looking import Looked


def take_in(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> bool:
    """Note the session that a look has found, if it has, and see to all that were ever found; whether there is one.

    Raises `NotNow`; it may be repeated at any time.
    """
    if looked.conclusion.finding.names_it:
        _note(desk, campaign, submission, looked)  # and have it stopped, if its campaign is to end
    elif strays.is_to_end(campaign, desk.clock()):
        strays.take_turned_up(desk, campaign, submission)
    found = evidence.turned_up(desk.redis, campaign.terms.account, submission.id)
    for session_id in found:
        _take_records(desk, campaign, submission, session_id)
    return bool(found)


def _note(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> None:
    conclusion, mark = looked.conclusion, mark_of(looked.attempt.token)
    seen = Evidence(desk.clock(), conclusion.finding, conclusion.words, mark, conclusion.session_ids, looked.candidates)
    (session_id,) = conclusion.session_ids
    strays.take_given_up(desk, campaign, submission, session_id, seen)


def _take_records(desk: Desk, campaign: CampaignView, submission: Submission, session_id: str) -> None:
    now = desk.clock()
    try:
        records = calling.read(desk, campaign, lambda gateway: gateway.campaign_result(session_id, near=now))
    except GatewayError:
        return  # it is looked at again
    dispositions.record(desk.redis, submission, [each.disposition for each in records], now=now)
