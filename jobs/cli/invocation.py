"""One run of the command: where its words go, and what it has to be handed."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import typer
from redis import Redis
from rich.console import RenderableType

from config.accounts import NAME, UnknownAccount
from config.consoles import open_console
from config.durability import Durability, examine
from config.redis_connection import check_redis, connect
from config.settings import Settings
from jobs.campaigns.desk import Desk
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.shown import clean
from jobs.desks import desk_at, gateway_clients, timings
from jobs.gateway.client import GatewayClient
from jobs.producer import Producer

PATIENCE_S = 2
"""A person waits: an outage is said soon, and the command is run again."""


class Invocation:
    """Environment, clock and consoles of one run; connects when it must and not before."""

    def __init__(self, env: Mapping[str, str], *, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.as_json = False
        self.out = open_console(sys.stdout, env)
        self.err = open_console(sys.stderr, env)
        self._env = env

    @cached_property
    def settings(self) -> Settings:
        """What the environment states; raises `InvalidSettings`."""
        settings = Settings.from_env(self._env)
        for suspect in settings.suspects:
            self.note(f"note: {suspect}", {"note": suspect})
        return settings

    @cached_property
    def redis(self) -> Redis:
        """A connection that has been tried; raises `InvalidSettings` or `RedisUnreachable`."""
        url = self.settings.redis_url.get_secret_value()
        redis = connect(url, name="cli", patience_s=PATIENCE_S, tls_verify=self.settings.redis_tls_verify)
        check_redis(redis, url)
        return redis

    def check_account(self, name: str) -> None:
        """Notice a slip in an account's name, as far as this environment knows the accounts; raises `Failure`."""
        accounts = self.settings.accounts
        if (accounts and name not in accounts) or not re.fullmatch(NAME, name):
            there_are = f"; there is: {', '.join(accounts)}" if accounts else ""
            what = f"no gateway account is named {clean(name)!r} here{there_are}"
            raise Failure(Exit.BAD_INPUT, what, kept=NOTHING_CHANGED)

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if "redis" in self.__dict__:
            self.redis.close()

    @property
    def producer(self) -> Producer:
        """The way in."""
        return Producer(
            self.redis,
            lead=timedelta(seconds=self.settings.lead_s),
            keep_keys=timedelta(days=self.settings.keep_keys_days),
            timings=timings(self.settings),
            clock=self.clock,
        )

    @property
    def can_wait_for_disk(self) -> bool:
        """Whether the server says when a write is on its disk, and nobody has asked for less."""
        return examine(self.redis).used_for(self.settings.durability) is Durability.STRICT

    def gateway(self, account: str) -> GatewayClient:
        """The gateway, as this account; raises `InvalidSettings` without its credentials, or `Failure`."""
        try:
            return gateway_clients(self.settings)(account)
        except UnknownAccount as unknown:
            raise Failure(Exit.BAD_INPUT, str(unknown)) from None

    def desk(self, account: str) -> Desk:
        """A desk for what workers do, too; raises `InvalidSettings` without the account's credentials, or `Failure`."""
        self.gateway(account)
        return replace(desk_at(self.settings, self.redis, clock=self.clock), has_log=False)

    @property
    def shows_progress(self) -> bool:
        """Whether something that moves would be seen, and is welcome."""
        return self.err.is_terminal and self.err.color_system is not None

    def say(self, what: RenderableType, *, style: str = "") -> None:
        """An answer on stdout, for people."""
        if not self.as_json:
            self.out.print(what, style=style)

    def answer(self, document: Mapping[str, Any]) -> None:
        """The one document on stdout, for programs: in ASCII, which every encoding has."""
        if self.as_json:
            typer.echo(json.dumps(document, indent=2))

    def note(self, what: RenderableType, document: Mapping[str, Any] | None = None, *, style: str = "") -> None:
        """A remark on stderr; programs get it as JSON on a line of its own, where there is anything in it for them."""
        if not self.as_json:
            self.err.print(what, style=style)
        elif document:
            typer.echo(json.dumps(document), err=True)


def of(context: typer.Context, *, as_json: bool = False) -> Invocation:
    """The invocation that a command belongs to, told whether it answers people or programs."""
    invocation: Invocation = context.obj
    invocation.as_json = as_json
    return invocation
