"""`python -m web`: postbacks, intake and pages, in one process."""

import gc
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from socket import socket
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from config import durability
from config.logs import configure_logs
from config.redis_connection import connect
from config.settings import InvalidSettings, Settings
from jobs.desks import desk_at
from jobs.producer import Producer
from web.access import PROOFS, Proof
from web.app import create_app
from web.bearer import is_loopback
from web.dawdlers import ImpatientProtocol
from web.site import Site

PATIENCE_S = 2.0
"""Whoever asks by HTTP asks again; a request that waits for Redis holds up others. So long for a connection, or for a
server that is not there."""
REPLY_WITHIN_S = 5.0
"""Longer than the ledger waits for the server's disk."""

MOST_CONNECTIONS = 8
"""Requests take turns beyond it: small servers count connections."""

LOOPBACK = "127.0.0.1"

GRACE_S = 20
"""A dyno is killed 30 s after its SIGTERM; by then every request that began has its answer."""


def main(
    host: Annotated[str, typer.Option(help="Listen at this address; 0.0.0.0 is every one of the machine.")] = LOOPBACK,
) -> None:
    """Take postbacks and campaigns, and show what is going on, until a SIGTERM."""
    try:
        settings = Settings.from_env(os.environ)
        site = open_site(settings)
        check_who_can_reach_it(settings, host)
    except (InvalidSettings, durability.UnfitServer) as unusable:
        typer.echo(str(unusable), err=True)
        raise typer.Exit(2) from None
    configure_logs(settings.log_level, settings.log_format, secrets=settings.secrets())
    run(server(site, host))


def run(ready: uvicorn.Server) -> None:
    """Serve until a SIGTERM. What was imported until now stays: each time that Python looked through all of it for
    garbage, several times a minute, everybody would wait for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    ready.run()


def check_who_can_reach_it(settings: Settings, host: str) -> None:
    """Raises `InvalidSettings` where requests without a token could come from another machine."""
    if settings.open_on_loopback and not is_loopback(host):
        raise InvalidSettings(
            (f"OPEN_ON_LOOPBACK: is for trials at a loopback address, and --host is {host}; unset it",)
        )


def open_site(settings: Settings) -> Site:
    """The site of these settings; connects when it is first asked."""
    url, verify = settings.redis_url.get_secret_value(), settings.redis_tls_verify
    redis = connect(
        url,
        name="web",
        patience_s=PATIENCE_S,
        reply_within_s=REPLY_WITHIN_S,
        max_connections=MOST_CONNECTIONS,
        tls_verify=verify,
    )
    desk = desk_at(settings, redis, clock=lambda: datetime.now(UTC))
    lead, keep_keys = timedelta(seconds=settings.lead_s), timedelta(days=settings.keep_keys_days)
    return Site(desk=desk, producer=Producer(redis, lead=lead, keep_keys=keep_keys), settings=settings)


class Server(uvicorn.Server):
    """Uvicorn's, that lets go of open pages before it waits for whatever is under way: they would never end."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.app = app

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """As uvicorn calls it."""
        await super().startup(sockets)
        self.app.state.register.begin()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """As uvicorn calls it."""
        self.app.state.feed.end()
        await super().shutdown(sockets)


def server(site: Site, host: str = LOOPBACK, proofs: Sequence[Proof] = PROOFS) -> Server:
    """The server of a site, not yet running."""
    app = create_app(site, proofs)
    return Server(
        app,
        uvicorn.Config(
            app,
            host=host,
            port=site.settings.port,
            log_config=None,
            http=ImpatientProtocol,
            ws="none",  # nobody speaks it here, and it would be a way around the bounds
            access_log=False,  # a postback's path holds its token
            server_header=False,
            forwarded_allow_ips=site.settings.trusted_proxies,
            timeout_graceful_shutdown=GRACE_S,
        ),
    )


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)  # its tracebacks would show local values
    app.command()(main)
    app()
