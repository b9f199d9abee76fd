"""Bearer tokens: who may do what by HTTP.

Law of the room: a token is known here by its digest alone. It has 256 random bits, so a plain SHA-256 keeps it: nobody
can try them all, and a slow hash would only slow us down. Its name stays taken when it is revoked, because what was
done under it is written down under that name.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, to_ms
from jobs.ledger.script import Argument, Script
from jobs.models.scopes import Scope

PREFIX = "dpl_"
"""By which scanners of leaked secrets, and people, know one."""

TOKEN_BYTES = 32

USED_WITHIN = timedelta(hours=1)
"""How coarsely it is noted when a token was used last: a write an hour, not one a request."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}", re.ASCII)

_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
_PLACE_CHARACTERS = 16
"""Of the digest, by which it is found. The rest is compared, in a time that does not tell how much of it is right."""

_KEEP = Script("""
-- KEYS: 1 names, 2 token.  ARGV: 1 name, 2 place, then field, value each
-- Sent twice, the second finds its own place under the name, and writes the same.
local taken = redis.call('HGET', KEYS[1], ARGV[1])
if taken and taken ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
return 1
""")


@dataclass(frozen=True, slots=True)
class Token:
    """All that is known of a token; not the token."""

    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    """When it was used last, give or take `USED_WITHIN`."""
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class UnusableName(Exception):
    """No token was made: its name is taken, or cannot be one."""


class UnknownToken(Exception):
    """There is no token of this name."""


def create(
    redis: Redis, name: str, scopes: Collection[Scope], *, now: datetime, expires_at: datetime | None = None
) -> str:
    """Make a token and answer it: this once, for nobody can say it again. Raises `UnusableName`."""
    if not NAME.fullmatch(name):
        raise UnusableName("a token's name is 1 to 64 letters, digits, blanks and . _ @ -, and begins with a letter")
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    digest = _digest(text)
    fields: list[Argument] = ["digest", digest, "name", name, "scopes", " ".join(sorted(scopes))]
    fields += ["created_at", to_ms(now), "expires_at", to_ms(expires_at) if expires_at else ""]
    if not _KEEP(redis, [keys.TOKENS, _key(digest)], [name, _place(digest), *fields]):
        raise UnusableName("there is, or was, a token of this name; what was done under it is kept: choose another")
    return text


def has_the_shape(text: str) -> bool:
    """Whether a text may be a token at all; what is not one need not be looked for."""
    return _SHAPE.fullmatch(text) is not None


def find(redis: Redis, text: str, *, now: datetime) -> Token | None:
    """The token that this text is, if it is good at `now`; its use is noted."""
    digest = _digest(text)
    fields = decoded(redis.hgetall(_key(digest)))
    if not compare_digest(fields.get("digest", ""), digest):
        return None
    token = _token(fields)
    if not token.is_good(now):
        return None
    if token.used_at is None or now - token.used_at >= USED_WITHIN:
        redis.hset(_key(digest), "used_at", to_ms(now))
    return token


def revoke(redis: Redis, name: str, *, now: datetime) -> Token:
    """From the moment this returns the token opens nothing. Raises `UnknownToken`; doing it again changes nothing."""
    place = redis.hget(keys.TOKENS, name)
    if place is None:
        raise UnknownToken("there is no token of this name")
    key = keys.token(decoded({"place": place})["place"])
    redis.hsetnx(key, "revoked_at", to_ms(now))
    return _token(decoded(redis.hgetall(key)))


def every(redis: Redis) -> list[Token]:
    """All that were ever made, by name."""
    places = decoded(redis.hgetall(keys.TOKENS))
    with redis.pipeline(transaction=False) as pipeline:
        for _, place in sorted(places.items()):
            pipeline.hgetall(keys.token(place))
        return [_token(decoded(found)) for found in pipeline.execute()]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _place(digest: str) -> str:
    return digest[:_PLACE_CHARACTERS]


def _key(digest: str) -> str:
    return keys.token(_place(digest))


def _token(fields: dict[str, str]) -> Token:
    known = set(Scope)
    return Token(
        name=fields["name"],
        scopes=frozenset(Scope(each) for each in fields["scopes"].split() if each in known),
        created_at=from_ms(fields["created_at"]),
        expires_at=from_ms_if_any(fields.get("expires_at")),
        used_at=from_ms_if_any(fields.get("used_at")),
        revoked_at=from_ms_if_any(fields.get("revoked_at")),
    )
