"""Asking the gateway about a session that is to be adopted, from here. Why nobody could be asked is said with its own
cause, and overridden by `--force` alone.
"""

from functools import partial

from config.settings import InvalidSettings
from jobs.cli.asking import ask
from jobs.cli.failures import NOTHING_CHANGED, Failure, failure_of
from jobs.cli.invocation import Invocation
from jobs.gateway.errors import GatewayError, Rejected
from jobs.outcomes import adopting
from jobs.outcomes.cases import Case


def phones_called(invocation: Invocation, case: Case, session_id: str, *, force: bool) -> set[str] | None:
    """As `adopting.phones_called`; None also where, with `force`, nobody could be asked, and `Failure` without."""
    ask_here = partial(ask, invocation, case.campaign.terms.account)
    try:
        return adopting.phones_called(ask_here, case, session_id, now=invocation.clock(), force=force)
    except (Failure, InvalidSettings, GatewayError) as trouble:
        if force:
            return None
        raise _not_asked(trouble, session_id) from None


def _not_asked(trouble: Failure | InvalidSettings | GatewayError, session_id: str) -> Failure:
    known = failure_of(trouble)
    if known is None:
        raise trouble
    certain = "If you are certain that it calls these phones and no others, --force adopts it unasked."
    if isinstance(trouble, InvalidSettings):
        what = f"the settings of this machine do not let it ask the gateway which phones session {session_id} calls"
        todo = f"Set them as the workers have them. {certain}"
        return Failure(known.exit_code, what, problems=known.problems, kept=NOTHING_CHANGED, todo=todo)
    what = f"the gateway did not say which phones session {session_id} calls: {known.what}"
    todo = f"{'Mend that' if isinstance(trouble, Rejected) else 'Wait a minute'}, and run this again. {certain}"
    return Failure(known.exit_code, what, kept=NOTHING_CHANGED, todo=todo)
