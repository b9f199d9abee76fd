"""One POST to a receiver: signed, over within seconds however it drips, and never an exception.

A receiver's URL may hold a secret, and nothing of it but its host may come into any log. So this stands on a bare
connection, below requests and urllib3's pools, which log paths.
"""

import http.client
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from standardwebhooks import Webhook as Signer

from jobs.flight import Connection, Flight, KeptBack, Timeouts, TLSConnection
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks.documents import Told

TIMEOUTS = Timeouts(connect_s=2, read_s=5, deadline_s=5)
"""A worker that waits for a receiver does nothing else. Looking up a host's name, or trying a second address, may take
longer."""

_TROUBLES = (
    KeptBack,
    requests.RequestException,  # a URL that cannot be one
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: HTTP's status, or none and what went wrong, in words that hold nothing of the URL."""

    status: int | None
    words: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver says that it has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants to be told nothing any more, as Standard Webhooks has it."""
        return self.status == HTTPStatus.GONE


def post(
    webhook: Subscription,
    told: Told,
    *,
    now: datetime,
    timeouts: Timeouts = TIMEOUTS,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Tell a receiver of one event. No redirect is followed, no proxy's or netrc's word is taken, no body is read.

    `tls` replaces the usual certificate authorities.
    """
    flight = Flight(timeouts)
    try:
        request = _signed(webhook, told, now)
        with closing(_connection(flight, str(request.url), tls)) as connection:
            status = _ask(connection, request)
    except _TROUBLES as trouble:
        return Answer(None, _words(flight, trouble))
    return Answer(status, f"HTTP {status}")


def _signed(webhook: Subscription, told: Told, now: datetime) -> requests.PreparedRequest:
    """As requests spells it: the host, the path, the length, and a URL's own user and password."""
    headers = {
        "content-type": "application/json",
        "user-agent": "Dropline",
        "connection": "close",
        "webhook-id": told.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(each).sign(told.id, now, told.body) for each in webhook.secrets_at(now)),
    }
    return requests.Request("POST", webhook.url, data=told.body.encode(), headers=headers).prepare()


def _ask(connection: Connection, request: requests.PreparedRequest) -> int:
    """The status that it answers."""
    connection.request("POST", request.path_url, body=request.body, headers=dict(request.headers))
    # Not urllib3's own, which logs the path where it cannot make sense of a header.
    with closing(http.client.HTTPConnection.getresponse(connection)) as response:
        return response.status


def _connection(flight: Flight, url: str, tls: ssl.SSLContext | None) -> Connection:
    parts = urlsplit(url)
    host, wait = str(parts.hostname), flight.timeouts.connect_s
    if parts.scheme == "https":
        return TLSConnection(host, parts.port, timeout=wait, ssl_context=tls or _tls(), flight=flight)
    return Connection(host, parts.port, timeout=wait, flight=flight)


@cache
def _tls() -> ssl.SSLContext:
    """Loading the authorities takes 20 ms, so once."""
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


def _words(flight: Flight, trouble: Exception) -> str:
    """By how far the request was; the exception's own text may hold the URL."""
    is_refused = isinstance(trouble, urllib3.exceptions.NewConnectionError)  # of which urllib3 says that it timed out
    is_late = isinstance(trouble, TimeoutError | urllib3.exceptions.TimeoutError) and not is_refused
    if flight.leg:
        return "no answer in time" if is_late else "the connection broke off"
    if isinstance(trouble, ssl.SSLError | urllib3.exceptions.SSLError):
        return "its certificate is not trusted"
    return "no connection in time" if is_late else "no connection"
