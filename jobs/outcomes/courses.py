"""What becomes by itself of a submission in doubt: the policy, once, for those who act by it and those who tell of it.

Law of the room: pure.
"""

from datetime import datetime
from enum import StrEnum

from jobs import eastern
from jobs.campaigns.desk import Timings
from jobs.models import ENDING_INTENTS, Finding, Intent, WhenUnknown
from jobs.outcomes.cases import Case
from jobs.outcomes.rule import has_sign

LOOK_FOR = Timings().look_for


class Course(StrEnum):
    """What happens without a person. As long as it is looked for, the one session that shows up is adopted."""

    RESEND = "resend"
    """If none shows up, it is sent again, once."""
    WITHDRAW = "withdraw"
    """A session that shows up is told to end, as its campaign was; if none does, it is withdrawn."""
    EXPIRE = "expire"
    """If none shows up, it is withdrawn, because it is too late to send it again."""
    HOLD = "hold"
    """If none shows up, a person decides."""
    CHOOSE = "choose"
    """More than one session may be it: a person decides which."""
    LEAVE = "leave"
    """Nobody looks for it any more: a postback or a person settles it."""

    @property
    def ends_doubt(self) -> bool:
        """Whether absence, once established, is its end."""
        return self in {Course.RESEND, Course.WITHDRAW, Course.EXPIRE}


def course_of(case: Case, now: datetime) -> Course:
    """What becomes of an unknown submission, as far as is known `now`."""
    look, campaign = case.last_look, case.campaign
    if look is not None and look.finding is Finding.SEVERAL:
        return Course.CHOOSE
    if now >= case.looked_for_until:
        return Course.LEAVE
    if has_sign(case.current):
        return Course.HOLD
    if campaign.intent in ENDING_INTENTS:
        return Course.WITHDRAW
    was_sent_again = bool(case.submission.former)
    if campaign.terms.when_unknown is WhenUnknown.HOLD or was_sent_again or campaign.intent is not Intent.RUN:
        return Course.HOLD
    return Course.EXPIRE if now >= campaign.too_late_at else Course.RESEND


def what_happens_by_itself(case: Case, now: datetime, *, is_one: bool = True) -> str:
    """What comes without a person, in a sentence; of one among many it is the same for all."""
    match course_of(case, now):
        case Course.CHOOSE:
            return "By itself nothing happens as long as more than one session may be it: a person decides which."
        case Course.LEAVE:
            return "By itself nothing happens any more, unless the gateway posts a call record: a person decides."
        case Course.HOLD:
            until = (
                f"until {eastern.wall_text(case.looked_for_until)} Eastern"
                if is_one
                else f"within {LOOK_FOR.days} days"
            )
            adopted = f"a session that shows up {until} is adopted"
            return f"By itself: {adopted}. It is never sent again without a person."
        case Course.WITHDRAW:
            told = f"a session that shows up is adopted and told to {case.campaign.intent}"
            return f"By itself: {told}; if none does, it is withdrawn. It is not sent again."
        case Course.EXPIRE:
            late = "it is withdrawn: to send it is too late now"
            return f"By itself: a session that shows up is adopted; if none does, {late}."
        case Course.RESEND:
            return "By itself: a session that shows up is adopted; if none does, it is sent again, once."
