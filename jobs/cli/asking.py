"""Asking the gateway from here: in turn with the workers where the ledger is in reach, and at once where it is not.

An account's calls per second, and the rest of a gateway that fails, hold for people, too: who asks in a loop must not
take the workers' slots. A person waits for a turn, but not for long.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from config.redis_connection import RedisUnreachable
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.invocation import Invocation
from jobs.cli.shown import spoken
from jobs.desks import limits, timings
from jobs.gateway.client import GatewayClient
from jobs.ledger import breaker
from jobs.ledger.breaker import Breaker, BreakerState
from jobs.ledger.limits import Lane

PATIENCE = timedelta(seconds=5)
"""How long a person waits for a turn."""

_CALLER = "python -m jobs"
"""Who takes turns with an account's campaigns: all people together."""

Answer = TypeVar("Answer")


def ask(
    invocation: Invocation, account: str, question: Callable[[GatewayClient], Answer], *, lane: Lane = Lane.READS
) -> Answer:
    """The gateway's answer to one question; raises `Failure` when there is no turn, and what the question raises."""
    client = invocation.gateway(account)
    try:
        desk = _desk(invocation, client)
    except RedisUnreachable:  # what the workers do cannot be known from here
        return question(client)
    left = PATIENCE
    while True:
        try:
            return calling.once_for_account(desk, account, _CALLER, question, lane=lane)
        except NotNow as not_now:
            wait = not_now.at - desk.clock()
            if wait > left:
                raise no_turn(breaker.read(desk.redis, account), not_now.at) from None
        desk.sleep(max(0.0, wait.total_seconds()))
        left -= max(wait, calling.LEAST_APART)


def _desk(invocation: Invocation, client: GatewayClient) -> Desk:
    settings = invocation.settings
    return Desk(
        redis=invocation.redis,
        gateway=lambda _: client,
        clock=invocation.clock,
        random=Random(),
        timings=replace(timings(settings), slot_patience=PATIENCE, verb_patience=PATIENCE),
        own_limits=limits(settings),
        has_log=False,
    )


def no_turn(found: Breaker, at: datetime, *, kept: str = "No call was made, and nothing was changed.") -> Failure:
    """That nobody may call the gateway before `at`, why, and when the same command may."""
    what = f"the gateway was not asked: {why_no_turn(found, at)}"
    todo = f"Run the same command again at {spoken(at)}."
    return Failure(Exit.NO_ANSWER, what, kept=kept, todo=todo)


def why_no_turn(found: Breaker, at: datetime) -> str:
    """What keeps a call back until `at`."""
    match found.state:
        case BreakerState.CLOSED:
            return f"the workers use all calls of this account, and the next that is free is at {spoken(at)}"
        case BreakerState.PROBING:
            return "it gets a rest after failures in a row, and one call is just finding out whether it is back"
        case BreakerState.OPEN:
            until = max(at, found.probe_at or at)
            return f"it gets a rest after failures in a row, until {spoken(until)}"
