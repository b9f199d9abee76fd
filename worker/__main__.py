"""`python -m worker`: the supervisor; `python -m worker --queue NAME --number N`: one of its children."""

import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from random import Random
from socket import gethostname
from typing import Annotated

import structlog
import typer
from redis import Redis
from redis.exceptions import RedisError

from config import durability
from config.clocks import disagreement
from config.logs import configure_logs
from config.outage import Outage
from config.queues import queue_named
from config.redis_connection import connect
from config.settings import InvalidSettings, Settings
from jobs import entrypoints
from jobs.campaigns import refusals
from worker import chores, lost_jobs
from worker.queue_worker import QueueWorker, end_with
from worker.supervisor import GRACE_S, Slot, Supervisor, slots
from worker.vigil import LOOK_S, Vigil, keep_vigil, open_eye

SUPERVISOR_PATIENCE_S = 2
"""The supervisor looks after processes first: it does not wait long for Redis, and comes back at its next tick."""

log = structlog.get_logger()


def main(
    queue: Annotated[str | None, typer.Option(hidden=True, help="Be the supervisor's child, for this queue.")] = None,
    number: Annotated[int, typer.Option(hidden=True, help="This child's number among its queue's.")] = 1,
    parent: Annotated[int | None, typer.Option(hidden=True, help="End when this process is gone.")] = None,
) -> None:
    """Run the workers that the environment asks for, and ring for what is due."""
    try:
        settings = Settings.from_env(os.environ)
        settings.require_gateway()
    except InvalidSettings as invalid:
        typer.echo(str(invalid), err=True)
        raise typer.Exit(2) from None
    configure_logs(settings.log_level, settings.log_format, secrets=settings.secrets())
    try:
        if queue is None:
            _supervise(settings)
        else:
            _work(settings, Slot(queue_named(queue), number), parent)
    except durability.UnfitServer as unfit:
        typer.echo(str(unfit), err=True)
        raise typer.Exit(2) from None


def _supervise(settings: Settings) -> None:
    redis = connect(
        settings.redis_url.get_secret_value(),
        name="supervisor",
        patience_s=SUPERVISOR_PATIENCE_S,
        max_connections=1,
        tls_verify=settings.redis_tls_verify,
    )
    random, outage = Random(), Outage()
    outage.guard(lambda: _say_what_starts(redis, settings, outage))()
    outage.guard(lambda: refusals.try_now(redis, settings.accounts, now=datetime.now(UTC)))()
    look = outage.guard(Vigil(redis).look)
    ring = outage.guard(lambda: chores.ring(redis))
    rescue = outage.guard(lambda: chores.rescue(redis, now=datetime.now(UTC), random=random))
    search = lost_jobs.Search(redis)
    find_lost = outage.guard(lambda: search.look(now=datetime.now(UTC)))
    sweep = outage.guard(lambda: chores.sweep(redis))
    duties = [chores.every(LOOK_S, look), chores.every(chores.SWEEP_EVERY_S, sweep), ring]
    duties += [chores.every(chores.SEARCH_EVERY_S, find_lost), chores.every(chores.RESCUE_EVERY_S, rescue)]
    Supervisor(slots(settings), start=_start, chores=duties).run()


def _say_what_starts(redis: Redis, settings: Settings, outage: Outage) -> None:
    """Raises `UnfitServer`. A server that is out of reach is examined by the children, once it is back."""
    server = durability.require(redis, settings.durability)
    mode = outage.durability = server.used_for(settings.durability)
    log.info("worker_starts", server=server.name, durability=mode, meaning=mode.sentence)
    if wrong := disagreement(redis, partial(datetime.now, UTC)):
        log.warning("clocks_disagree", meaning=wrong)


def _start(slot: Slot) -> subprocess.Popen[bytes]:
    options = {"--queue": slot.queue.name, "--number": str(slot.number), "--parent": str(os.getpid())}
    return subprocess.Popen([sys.executable, "-m", "worker", *(word for pair in options.items() for word in pair)])


def _work(settings: Settings, slot: Slot, parent: int | None) -> None:
    if parent is not None:
        end_with(parent, grace_s=GRACE_S)
    desk = entrypoints.desk()
    url, tls_verify = settings.redis_url.get_secret_value(), settings.redis_tls_verify
    name = f"{gethostname()}-{slot.name}-{os.getpid()}"
    with keep_vigil(open_eye(url, desk.redis, tls_verify=tls_verify), desk.meter):
        QueueWorker(desk.redis, slot.queue, name=name, random=Random()).work()
    with suppress(RedisError):  # what was counted in the last second
        desk.meter.flush(desk.redis)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)  # its tracebacks would show local values
    app.command()(main)
    app()
