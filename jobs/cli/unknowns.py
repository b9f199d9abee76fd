"""`unknowns` and `decide`: submissions that nobody knows the gateway to have taken, and what becomes of them."""

from typing import Annotated

import typer

from jobs.campaigns.control import known
from jobs.cli import options
from jobs.cli.adopting import phones_called
from jobs.cli.called import campaign_called
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.halts import say_if_halted
from jobs.cli.invocation import Invocation, of
from jobs.cli.shown import PROGRAM, both_times, commands, counted
from jobs.cli.unknowns_pictures import case_picture, cases_picture, decided_sentence
from jobs.desks import timings
from jobs.documents.unknowns import case_document, decided_document
from jobs.outcomes.cases import read_case, read_cases, rule_of
from jobs.outcomes.courses import course_of
from jobs.outcomes.decide import Decided, Decision, Inadvisable, NotInDoubt, UnexplainedDecision

Which = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]",
        help="Only this submission, with all that is known of it; or only this campaign's, by its id or key.",
    ),
]
SubmissionId = Annotated[str, typer.Argument(metavar="SUBMISSION", help="The submission, as `unknowns` shows it.")]
What = Annotated[Decision, typer.Argument(help="What you decide.", case_sensitive=False)]
SessionId = Annotated[str | None, typer.Argument(metavar="[SESSION]", help="With adopt: the gateway's session.")]
Reason = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for whoever must answer for it later.")]
Force = Annotated[bool, typer.Option("--force", help="You know better than the evidence, and --why says how.")]


def unknowns(context: typer.Context, which: Which = None, as_json: options.Json = False) -> None:
    """List submissions of which nobody knows whether the gateway took them, and what can be done.

    With a submission's id: everything that was found out and decided about it, even long after.
    """
    invocation = of(context, as_json=as_json)
    say_if_halted(invocation)
    now, rule = invocation.clock(), rule_of(timings(invocation.settings))
    which = which and campaign_called(invocation, which)
    if which and "-" in which:
        case = read_case(invocation.redis, which, rule)
        invocation.answer(case_document(case, now))
        invocation.say(case_picture(case, now))
        return
    if which:
        known(invocation.redis, which)
    cases = read_cases(invocation.redis, which, rule)
    invocation.answer({"unknowns": [case_document(each, now) for each in cases]})
    nothing = f"No submission{f' of {which}' if which else ''} is unknown: nothing is to be decided."
    invocation.say(cases_picture(cases, now) if cases else nothing)


def decide(
    context: typer.Context,
    submission_id: SubmissionId,
    what: What,
    session_id: SessionId = None,
    *,
    why: Reason,
    by: options.By,
    force: Force = False,
    as_json: options.Json = False,
) -> None:
    """Decide what an unknown submission is: adopt a session, resend it, or give it up.

    Who, when and why are kept. Deciding the same twice changes nothing.
    """
    invocation = of(context, as_json=as_json)
    _check_usage(submission_id, what, session_id)
    try:
        decided = _decide(invocation, submission_id, what, session_id or "", by=by, why=why, force=force)
    except UnexplainedDecision as unexplained:
        raise Failure(Exit.BAD_INPUT, str(unexplained), kept=NOTHING_CHANGED) from None
    except (Inadvisable, NotInDoubt) as refused:
        raise Failure(Exit.INADVISABLE, f"{refused}.", kept=NOTHING_CHANGED) from None
    invocation.answer(decided_document(decided, invocation.clock()))
    invocation.say(decided_sentence(decided), style="green" if decided.is_new else "yellow")
    invocation.say(commands(("see what comes", f"show {decided.case.campaign.id}")))


def _decide(
    invocation: Invocation, submission_id: str, what: Decision, session_id: str, *, by: str, why: str, force: bool
) -> Decided:
    producer = invocation.producer
    match what:
        case Decision.ADOPT:
            called = phones_called(invocation, read_case(invocation.redis, submission_id), session_id, force=force)
            return producer.adopt(submission_id, session_id, by=by, why=why, called=called, force=force)
        case Decision.RESEND:
            return producer.resend(submission_id, by=by, why=why, force=force)
        case Decision.GIVE_UP:
            return producer.give_up(submission_id, by=by, why=why, force=force)


def _check_usage(submission_id: str, what: Decision, session_id: str | None) -> None:
    if what is Decision.ADOPT and session_id is None:
        usage = "adopt needs the gateway's session that the submission is"
        todo = f'Such as: {PROGRAM} decide {submission_id} adopt SESSION --why "..."'
    elif what is not Decision.ADOPT and session_id is not None:
        usage = f"{what} takes the submission alone, and no session"
        todo = f'Such as: {PROGRAM} decide {submission_id} {what} --why "..."; only adopt takes a session.'
    else:
        return
    raise Failure(Exit.BAD_INPUT, usage, kept=NOTHING_CHANGED, todo=todo)


def say_if_in_doubt(invocation: Invocation, campaign_id: str | None = None) -> None:
    """A remark for whoever looks at campaigns, or at one: what nobody knows, since when, and what to do."""
    cases, now = read_cases(invocation.redis, campaign_id), invocation.clock()
    if not cases:
        return
    found = [each.submission for each in cases]
    since = min(each.changed_at for each in found if each.changed_at)
    settles = all(course_of(each, now).ends_doubt for each in cases)
    todo = "It settles without a person; what is known" if settles else "See what is known, and decide"
    which = f" {campaign_id}" if campaign_id else ""
    are = "is" if len(found) == 1 else "are"
    words = f"{counted(len(found), 'submission')} {are} unknown, since {both_times(since)}. {todo}:"
    invocation.say(f"{words} {PROGRAM} unknowns{which}", style="yellow")
