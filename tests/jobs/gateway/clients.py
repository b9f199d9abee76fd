"""The client before a server of bare sockets, or before a whole simulated gateway."""

import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from jobs.gateway.client import DAY_FIELD, Credentials, Dialect, GatewayClient, Timeouts
from jobs.gateway.replies import Accepted
from jobs.gateway.simulator import Simulator
from jobs.models import Terms
from tests.jobs.gateway.wire import RawServer, http, say

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
TERMS = Terms(caller_id="6175550100", audio_title="Reminder")
DEMO = "demo"
PHONES = [f"61755501{number:02d}" for number in range(20, 30)]
QUICK = Timeouts(connect_s=0.5, read_s=0.3, deadline_s=0.6)
PATIENT = Timeouts(connect_s=30, read_s=30, deadline_s=30)
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
GOOD = say(http(b"OK\nsession_id=9381694821\nnumber of phone=1"))

everywhere = pytest.mark.parametrize("dialect", Dialect)


def client_of(
    peer: RawServer | Simulator,
    dialect: Dialect = Dialect.TEXT,
    *,
    password: str = DEMO,
    timeouts: Timeouts = PATIENT,
    day_field: str = DAY_FIELD,
) -> GatewayClient:
    base_url = peer.base_url if isinstance(peer, Simulator) else peer.url.removesuffix("vmb.php")
    credentials = Credentials(uid="demo", password=SecretStr(password))
    return GatewayClient(
        base_url=base_url,
        credentials=credentials,
        dialect=dialect,
        day_field=day_field,
        timeouts=timeouts,
        tls=NO_TRUST,
    )


def submit(
    client: GatewayClient,
    terms: Terms = TERMS,
    phones: Sequence[str] = PHONES,
    *,
    title: str = "",
    postback_url: str | None = None,
    start_at: datetime | None = None,
    before_send: Callable[[], None] = lambda: None,
) -> Accepted:
    return client.submit(
        terms, phones, title=title, postback_url=postback_url, start_at=start_at, before_send=before_send
    )


def body_of(server: RawServer) -> str:
    (request,) = server.received
    return bytes(request).partition(b"\r\n\r\n")[2].decode("ascii")
