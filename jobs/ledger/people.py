"""People who may log in to the page: what each may do, and a hash of their password.

Law of the room: a password is never kept, only what argon2 makes of it; and what one person may do is read anew with
every request, so that a change holds at once.
"""

import json
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, text, to_ms
from jobs.ledger.script import Script

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""What OWASP names as the least: 19 MiB and some 30 ms, so that a small dyno can bear several at once."""

HASHED_AT_ONCE = 4
_HASHING = BoundedSemaphore(HASHED_AT_ONCE)
"""Whoever tries passwords by the thousand must not use up the memory."""

_NOBODYS = _HASHER.hash(secrets.token_hex(16))
"""What is compared where there is nobody of that name, so that the time it takes does not tell."""


_REPLACE = Script("""
-- KEYS: 1 people
-- ARGV: 1 name, 2 what is known of them, 3 what takes its place
-- Sent twice, the second finds what the first wrote.
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return (held == ARGV[2] or held == ARGV[3]) and 1 or 0
""")


class Role(StrEnum):
    """What a person is there for."""

    WATCH = "watch"
    """Looks at everything and changes nothing."""
    OPERATE = "operate"
    """Sends, controls and decides, too."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in. Logins of another `epoch` than this are void."""

    name: str
    role: Role
    sees_phones: bool
    added_at: datetime
    epoch: str = field(repr=False)
    password_hash: str = field(repr=False)


class UnknownPerson(Exception):
    """Nobody of that name may log in. Nothing was changed."""


class KnownPerson(Exception):
    """Somebody of that name may log in already. Nothing was changed."""


class UnfitWords(Exception):
    """A name or a password that cannot be one. Nothing was changed."""


def new_password() -> str:
    """One that nobody can guess, in groups that can be read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def add(redis: Redis, name: str, role: Role, password: str, *, sees_phones: bool, now: datetime) -> Person:
    """Let somebody log in; raises `KnownPerson` or `UnfitWords`. Sent twice, the second finds the first's own."""
    if not _NAME.fullmatch(name):
        raise UnfitWords("name: takes 1 to 64 letters, digits and . _ @ -, and begins with a letter or a digit")
    person = Person(name, role, sees_phones, from_ms(str(to_ms(now))), secrets.token_hex(8), _hashed(password))
    redis.hsetnx(keys.PEOPLE, name, _packed(person))
    if read(redis, name) != person:
        raise KnownPerson(f"{name} may log in already")
    return person


def change_password(redis: Redis, name: str, password: str) -> None:
    """Give somebody another password, and end all their logins; raises `UnknownPerson` or `UnfitWords`. Who is removed
    meanwhile stays so; of two who change it, the later.
    """
    known(redis, name)
    hashed, epoch = _hashed(password), secrets.token_hex(8)
    while not _replace(redis, name, hashed, epoch):
        pass  # somebody else was faster


def _replace(redis: Redis, name: str, hashed: str, epoch: str) -> bool:
    """Whether they were as they had been read; raises `UnknownPerson`."""
    held = redis.hget(keys.PEOPLE, name)
    person = _person(name, text(held)) if held else known(redis, name)
    changed = _packed(replace(person, password_hash=hashed, epoch=epoch))
    return bool(_REPLACE(redis, [keys.PEOPLE], [name, held or "", changed]))


def remove(redis: Redis, name: str) -> None:
    """Let somebody log in no more, and end all their logins; raises `UnknownPerson`."""
    known(redis, name)
    redis.hdel(keys.PEOPLE, name)


def read(redis: Redis, name: str) -> Person | None:
    """Somebody who may log in, None for anybody else."""
    found = redis.hget(keys.PEOPLE, name)
    return _person(name, text(found)) if found else None


def known(redis: Redis, name: str) -> Person:
    """The same; raises `UnknownPerson`."""
    person = read(redis, name)
    if person is None:
        raise UnknownPerson(f"nobody called {name} may log in; `people list` shows who may")
    return person


def everybody(redis: Redis) -> list[Person]:
    """All who may log in, by name."""
    return [_person(name, packed) for name, packed in sorted(decoded(redis.hgetall(keys.PEOPLE)).items())]


def prove(redis: Redis, name: str, password: str) -> Person | None:
    """The person of that name, if the password is theirs. A name that nobody has takes as long as a wrong password."""
    person = read(redis, name) if _NAME.fullmatch(name) else None
    with _HASHING:
        try:
            _HASHER.verify(person.password_hash if person else _NOBODYS, password[:LONGEST_PASSWORD])
        except (VerifyMismatchError, InvalidHashError):
            return None
    return person


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UnfitWords(f"password: takes {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _HASHER.hash(password)


def _packed(person: Person) -> str:
    told = {"role": person.role, "phones": person.sees_phones, "added_at": to_ms(person.added_at)}
    return json.dumps(told | {"epoch": person.epoch, "hash": person.password_hash})


def _person(name: str, packed: str) -> Person:
    told = json.loads(packed)
    added_at = from_ms(str(told["added_at"]))
    return Person(name, Role(told["role"]), told["phones"], added_at, told["epoch"], told["hash"])
