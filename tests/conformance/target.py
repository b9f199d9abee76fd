"""The gateway that is judged: some account at some URL, or the simulator in one of its spellings."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from jobs.gateway.client import Credentials, Dialect, GatewayClient
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.gateway.simulator import Dialect as Spelling
from jobs.models import Terms


@dataclass(frozen=True, slots=True)
class Account:
    """A gateway account, and what may be done with it."""

    base_url: str
    uid: str
    password: SecretStr
    may_send: bool = False
    """Whether phones may ring and campaigns may begin. A real account has no trial mode."""
    phone: str = ""
    """The one number that may ring: somebody's own."""
    caller_id: str = ""
    audio_title: str = ""

    @property
    def can_send(self) -> bool:
        """Whether sending is allowed, and all is said that it takes."""
        return self.may_send and all((self.phone, self.caller_id, self.audio_title))


@dataclass(frozen=True, slots=True)
class Probe:
    """One account, asked in one dialect by the client that Dropline itself uses."""

    account: Account
    client: GatewayClient
    stranger: GatewayClient
    """The same with a password that is surely wrong."""
    now: Callable[[], datetime]
    let_pass: Callable[[timedelta], None] = field(repr=False)
    """Wait so long, or make it so."""

    def submit(self, *, start_at: datetime | None) -> str:
        """Have the one number called at that time, or now; answers the session's id."""
        terms = Terms(caller_id=self.account.caller_id, audio_title=self.account.audio_title)
        accepted = self.client.submit(
            terms, [self.account.phone], title="conformance", postback_url=None, start_at=start_at
        )
        assert accepted.phone_count in {1, None}
        return accepted.session_id


@contextmanager
def simulated(dialect: Dialect, spelling: Spelling) -> Iterator[Probe]:
    """The simulator, which rings nobody, with time that passes at once."""
    clock = Clock(starts_at=datetime(2026, 3, 2, 17, 0, tzinfo=UTC), stopped=True)
    with Simulator(Settings(dialect=spelling), clock=clock) as simulator:
        account = Account(
            base_url=simulator.base_url,
            uid="demo",
            password=SecretStr("demo"),
            may_send=True,
            phone="6175550101",
            caller_id="6175550100",
            audio_title="Reminder",
        )
        yield _probe(account, dialect, clock.now, clock.jump, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def real(account: Account, dialect: Dialect) -> Probe:
    """An account somewhere, at the pace of the world."""
    return _probe(account, dialect, lambda: datetime.now(UTC), lambda span: time.sleep(span.total_seconds()))


def _probe(
    account: Account,
    dialect: Dialect,
    now: Callable[[], datetime],
    let_pass: Callable[[timedelta], None],
    tls: ssl.SSLContext | None = None,
) -> Probe:
    client, stranger = (
        GatewayClient(
            base_url=account.base_url,
            credentials=Credentials(uid=account.uid, password=password),
            dialect=dialect,
            tls=tls,
        )
        for password in (account.password, SecretStr("surely not this one"))
    )
    return Probe(account, client, stranger, now, let_pass)
