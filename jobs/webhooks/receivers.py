"""Receivers: who may be one, their secrets, and whether one can be reached."""

import base64
import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit

from redis import Redis

from jobs.ledger import replays
from jobs.ledger.submissions import new_token
from jobs.ledger.subscriptions import Subscription
from jobs.models import TOPICS, EventKind
from jobs.webhooks.documents import Told, document
from jobs.webhooks.post import Answer, post

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)

SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Unfit(Exception):
    """There can be no such webhook; the message says why and repeats no URL."""


def new(name: str, url: str, topics: Iterable[str], *, now: datetime) -> Subscription:
    """A webhook with a secret of its own; raises `Unfit`."""
    if not NAME.fullmatch(name):
        raise Unfit("a webhook's name is 1 to 40 letters, digits, dashes and underscores")
    wanted = tuple(dict.fromkeys(topics))
    if strange := [each for each in wanted if each not in TOPICS]:
        raise Unfit(f"--about knows {', '.join(TOPICS)}; it does not know {', '.join(map(repr, strange))}")
    _check_url(url)
    return Subscription(id=new_token(), name=name, url=url, topics=wanted, secrets=(new_secret(),), created_at=now)


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def try_out(redis: Redis, webhook: Subscription, *, clock: Callable[[], datetime]) -> tuple[Answer, float]:
    """Tell a receiver a `webhook.test`; its answer, and how many seconds it took. One that takes it rests no longer."""
    now, began = clock(), time.monotonic()
    about = {"name": webhook.name}
    told = Told(f"evt_test_{new_token()}", document(EventKind.WEBHOOK_TEST, now.isoformat(), about))
    answer, took_s = post(webhook, told, now=now), time.monotonic() - began
    if answer.is_taken:
        replays.came_back(redis, webhook, answer.words, now=clock())
    return answer, took_s


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Unfit("the URL cannot be read") from None
    if not host or parts.scheme not in {"https", "http"}:
        raise Unfit("the URL must begin with https:// and name a host")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise Unfit("the URL must begin with https://: what it is told is nobody else's business")
