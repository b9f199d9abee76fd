"""How well a Redis server keeps what it is given: found out by asking and trying, compared with what is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from config.worded import Worded

TRIAL_S = 3
"""How long a server may take to say that a write is on its disk before it counts as one that never does."""

_TRIAL_KEY = "dropline:trial"


class Durability(Worded):
    """What is done, before a phone can ring, so that a crash of the server cannot make us forget it; weakest first."""

    BEST_EFFORT = "best_effort", "the server keeps no append-only file; a restart may forget what was sent"
    STANDARD = "standard", "the server writes an append-only file; a power cut may forget the last second"
    STRICT = "strict", "nothing is sent before the server has said that the decision to send is on its disk"

    def is_at_least(self, other: "Durability") -> bool:
        """Whether this promises all that `other` does."""
        order = list(Durability)
        return order.index(self) >= order.index(other)


class WantedDurability(StrEnum):
    """What an operator asks for."""

    AUTO = "auto"
    """The best that the server offers."""
    STRICT = Durability.STRICT.value
    STANDARD = Durability.STANDARD.value
    BEST_EFFORT = Durability.BEST_EFFORT.value

    @property
    def least(self) -> Durability:
        """What a server must offer."""
        return Durability.BEST_EFFORT if self is WantedDurability.AUTO else Durability(self.value)


class UnfitServer(Exception):
    """The Redis server would not keep the promises. `problems` has all of it."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n  ".join(("the Redis server needs attention:", *problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Server:
    """What a Redis server says of itself and was seen to do."""

    name: str
    """`valkey 9.1.2`"""
    used_memory: str
    offers: Durability
    eviction: str
    """Its `maxmemory-policy`; '' where it does not say."""

    def used_for(self, wanted: WantedDurability) -> Durability:
        """The mode to work in: as asked for, or the best there is."""
        return self.offers if wanted is WantedDurability.AUTO else wanted.least

    def problems(self, wanted: WantedDurability) -> tuple[str, ...]:
        """Why nothing should run with this server."""
        return tuple(filter(None, (self._evicts(), self._falls_short_of(wanted.least))))

    def _evicts(self) -> str:
        if self.eviction in ("", "noeviction"):
            return ""
        return (
            f"maxmemory-policy is {self.eviction}: a full server would drop keys, and with them the memory of what was "
            "sent to whom; set it to noeviction"
        )

    def _falls_short_of(self, least: Durability) -> str:
        if self.offers.is_at_least(least):
            return ""
        return (
            f"DURABILITY asks for {least}, and the server offers {self.offers}: {self.offers.sentence}; "
            f"{_REMEDIES[least]}, or ask for less"
        )


_REMEDIES: Mapping[Durability, str] = {
    Durability.STRICT: "use Redis 7.2 or newer, or Valkey, with appendonly yes and appendfsync always or everysec",
    Durability.STANDARD: "set appendonly to yes and appendfsync to everysec or always",
}


def examine(redis: Redis) -> Server:
    """Find out what a server is worth. Writes a key that is gone after a second; what the server forbids to ask is
    found by trying. Raises redis' ConnectionError or TimeoutError.
    """
    info = _info(redis)
    name = str(info.get("server_name", "redis"))
    version = info.get(f"{name}_version", info.get("redis_version", "of unknown version"))
    eviction = info.get("maxmemory_policy") or _configured(redis, "maxmemory-policy")
    return Server(f"{name} {version}", str(info.get("used_memory_human", "?")), _offers(redis, info), str(eviction))


def require(redis: Redis, wanted: WantedDurability) -> Server:
    """The server, if it will do; raises `UnfitServer`."""
    server = examine(redis)
    if problems := server.problems(wanted):
        raise UnfitServer(problems)
    return server


def _offers(redis: Redis, info: Mapping[str, Any]) -> Durability:
    if _says_when_on_disk(redis):
        return Durability.STRICT
    if info.get("aof_enabled") and _configured(redis, "appendfsync") != "no":
        return Durability.STANDARD
    return Durability.BEST_EFFORT


def _says_when_on_disk(redis: Redis) -> bool:
    """Whether WAITAOF is there and comes true. It speaks of its own connection's writes, so both go in one pipeline."""
    with redis.pipeline(transaction=False) as one_connection:
        one_connection.set(_TRIAL_KEY, "", px=1000)
        one_connection.waitaof(1, 0, TRIAL_S * 1000)
        written, on_disk = one_connection.execute(raise_on_error=False)
    return written is True and isinstance(on_disk, list) and on_disk[0] >= 1


def _info(redis: Redis) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = redis.info()
    except ResponseError:  # hosted servers forbid what they like
        return {}
    return found


def _configured(redis: Redis, parameter: str) -> str:
    try:
        found: Mapping[Any, Any] = redis.config_get(parameter)
    except ResponseError:
        return ""
    value = next(iter(found.values()), "")
    return value.decode() if isinstance(value, bytes) else str(value)
