"""`python -m scheduler`: one scheduler; any number of them may run, and one ticks."""

import os
import secrets
import signal
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from socket import gethostname

import structlog
import typer
from redis import Redis
from redis.exceptions import RedisError

from config import durability
from config.logs import configure_logs
from config.outage import Outage
from config.redis_connection import connect
from config.settings import InvalidSettings, Settings
from jobs.ledger.clock import server_time
from scheduler.agenda import Entry, Every
from scheduler.scheduler import Scheduler
from scheduler.timetable import TIMETABLE
from scheduler.wake import keep_waking

PATIENCE_S = 2
"""A tick does not wait long for Redis: there is another in a moment, and a process that is told to end must end."""

MOST_CONNECTIONS = 3
"""Looks are short, and wait for each other where more than so many come at once: small servers count connections."""

LONGEST_PAUSE = timedelta(seconds=5)
"""Between two looks at an entry, however seldom it is due; so late may it be."""

log = structlog.get_logger()


def main() -> None:
    """Tick by the timetable, or stand by while another scheduler does."""
    try:
        settings = Settings.from_env(os.environ)
    except InvalidSettings as invalid:
        typer.echo(str(invalid), err=True)
        raise typer.Exit(2) from None
    configure_logs(settings.log_level, settings.log_format, secrets=settings.secrets())
    try:
        _run(settings)
    except durability.UnfitServer as unfit:
        typer.echo(str(unfit), err=True)
        raise typer.Exit(2) from None


def _run(settings: Settings) -> None:
    url, verify = settings.redis_url.get_secret_value(), settings.redis_tls_verify
    redis = connect(url, name="scheduler", patience_s=PATIENCE_S, max_connections=MOST_CONNECTIONS, tls_verify=verify)
    outage, end = Outage(), threading.Event()
    outage.guard(lambda: _examine(redis, settings, outage))()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    scheduler = _scheduler(redis, settings)
    log.info("scheduler_starts", scheduler=scheduler.name, entries=[entry.name for entry in TIMETABLE])
    chores = {outage.guard(partial(scheduler.attend, entry)): _pause(entry) for entry in TIMETABLE}
    keep_waking(chores, end)
    with suppress(RedisError):  # then the lease runs out by itself
        scheduler.resign()
    log.info("scheduler_ended")


def _examine(redis: Redis, settings: Settings, outage: Outage) -> None:
    """Raises `UnfitServer`."""
    outage.durability = durability.require(redis, settings.durability).used_for(settings.durability)


def _pause(entry: Entry) -> timedelta:
    return min(entry.when.period, LONGEST_PAUSE) if isinstance(entry.when, Every) else LONGEST_PAUSE


def _scheduler(redis: Redis, settings: Settings) -> Scheduler:
    return Scheduler(
        redis,
        name=f"{gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        clock=partial(server_time, redis),
        lease=timedelta(seconds=settings.scheduler_lease_s),
    )


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)  # its tracebacks would show local values
    app.command()(main)
    app()
