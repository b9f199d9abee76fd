"""The gateway's answers as values: text in, value out, or one of `jobs.gateway.errors`.

Law of the room: tolerant of every spelling that is known, and a body that we do not understand is never a success and
never a failure. Whatever the text, a parser raises nothing but `Rejected` and `OutcomeUnknown`.
"""

from jobs.gateway.replies.account import Balance, parse_balance_reply, parse_do_not_dial_reply, parse_user_verify_reply
from jobs.gateway.replies.controls import ControlAnswer, parse_control_reply
from jobs.gateway.replies.listings import (
    AudioFile,
    ListedSession,
    parse_audio_list_reply,
    parse_campaign_by_date_reply,
)
from jobs.gateway.replies.records import (
    CallRecord,
    parse_call_status_reply,
    parse_campaign_result_reply,
    parse_record,
)
from jobs.gateway.replies.submissions import Accepted, parse_submission_reply

__all__ = [
    "Accepted",
    "AudioFile",
    "Balance",
    "CallRecord",
    "ControlAnswer",
    "ListedSession",
    "parse_audio_list_reply",
    "parse_balance_reply",
    "parse_call_status_reply",
    "parse_campaign_by_date_reply",
    "parse_campaign_result_reply",
    "parse_control_reply",
    "parse_do_not_dial_reply",
    "parse_record",
    "parse_submission_reply",
    "parse_user_verify_reply",
]
