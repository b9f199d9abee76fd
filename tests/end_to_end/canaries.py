"""Phones and secrets that are put in by every door, and the search for where they sing.

A phone says by its last two digits through which door it went in, so that whoever hears it knows where to look.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from redis import Redis

AREA = "646"

_GAP = r"(?:[^0-9A-Za-z\n]|%[0-9A-Fa-f]{2}){0,4}"
_WHOLE = re.compile(rf"{AREA}{_GAP}555{_GAP}01(\d\d)")
_SEVEN = re.compile(rf"(?<!\d)555{_GAP}01([1-9]\d)(?!\d)")
"""What a careless mask leaves. Caller IDs end below 0110, and are nobody's secret."""

FORMS = ("{0}{1}{2}", "+1{0}{1}{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "({0}) {1}-{2}", "+1 ({0}) {1} {2}", "1-{0}-{1}-{2}")
"""As people paste them."""


@dataclass
class Canaries:
    """One phone for each door, in another form each time, and secrets by their names."""

    secrets: dict[str, str] = field(default_factory=dict)
    _doors: list[str] = field(default_factory=list)
    _forms: Iterator[str] = field(default_factory=lambda: cycle(FORMS))

    def phone(self, door: str, form: str = "") -> str:
        """The phone of a door; the same again for the same door, in the next form unless one is stated."""
        if door not in self._doors:
            self._doors.append(door)
        line = f"01{10 + self._doors.index(door)}"
        assert len(line) == 4, "too many doors"
        return (form or next(self._forms)).format(AREA, "555", line)

    def plain(self, door: str) -> str:
        """Its ten digits."""
        return self.phone(door, FORMS[0])

    def secret(self, name: str, value: str = "") -> str:
        """Remember a secret; one of our own making unless it is stated."""
        made = value or f"canary-{name.replace(' ', '-')}-Zx9"
        self.secrets[name] = made
        return made

    def in_text(self, text: str) -> set[str]:
        """What sings in it: secrets by their names, phones by their doors."""
        found = {name for name, value in self.secrets.items() if value in text}
        lines = {int(line) - 10 for pattern in (_WHOLE, _SEVEN) for line in pattern.findall(text)}
        return found | {f"phone of {self._doors[at]}" for at in lines if at in range(len(self._doors))}


def readable(value: bytes) -> str:
    """RQ packs payloads with zlib, and the tracebacks in results with zlib and then base64."""
    for unpack in (zlib.decompress, lambda packed: zlib.decompress(base64.b64decode(packed, validate=True))):
        with suppress(zlib.error, binascii.Error):
            return unpack(value).decode("utf-8", "replace")
    return value.decode("utf-8", "replace")


def stored(redis: Redis, pattern: str) -> Mapping[str, str]:
    """Every key that is like this, and all that lies there, unpacked where it is packed."""
    return {key.decode(): "\n".join(map(readable, [key, *_values(redis, key)])) for key in redis.scan_iter(pattern)}


def all_that_rq_stores(redis: Redis) -> str:
    """Every key and value that is RQ's."""
    return "\n".join(stored(redis, "rq:*").values())


def command_lines(groups: Iterable[int]) -> str:
    """Of every process of these process groups: what `ps` shows to everybody on the machine."""
    wanted, found = set(groups), []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            group = int((entry / "stat").read_text().rpartition(")")[2].split()[2])
            if group in wanted:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return "\n".join(found)


_READ: Mapping[Any, Callable[[Any, Any], Any]] = {
    b"hash": lambda redis, key: [part for pair in redis.hgetall(key).items() for part in pair],
    b"stream": lambda redis, key: [part for _, fields in redis.xrange(key) for each in fields.items() for part in each],
    b"zset": lambda redis, key: redis.zrange(key, 0, -1),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"set": lambda redis, key: redis.smembers(key),
    b"string": lambda redis, key: [redis.get(key) or b""],
}


def _values(redis: Redis, key: Any) -> list[Any]:
    read = _READ.get(redis.type(key))  # none where it has gone meanwhile
    return list(read(redis, key)) if read else []
