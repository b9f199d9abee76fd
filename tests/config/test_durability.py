"""What a server offers is found out on real servers, each configured in its own way."""

import pytest
from redis import Redis

from config.durability import Durability, UnfitServer, WantedDurability, examine, require
from tests.servers import RedisServer

ACL = ("--user", "default", "on", "nopass", "~*", "&*", "+@all")
FORBIDDEN = (*ACL, "-config", "-waitaof")
WITHOUT_INFO = (*ACL, "-config", "-info")


@pytest.mark.parametrize(
    ("appendonly", "flags", "offers"),
    [
        (True, (), Durability.STRICT),
        (True, ("--appendfsync", "everysec"), Durability.STRICT),
        (True, WITHOUT_INFO, Durability.STRICT),
        (True, FORBIDDEN, Durability.STANDARD),
        (False, (), Durability.BEST_EFFORT),
        (False, FORBIDDEN, Durability.BEST_EFFORT),
    ],
)
def test_what_a_server_offers_is_found_out(appendonly: bool, flags: tuple[str, ...], offers: Durability) -> None:
    with RedisServer(appendonly=appendonly, flags=flags) as server, Redis.from_url(server.url) as redis:
        assert examine(redis).offers is offers
        assert redis.pttl("dropline:trial") <= 1000


def test_a_file_that_is_never_flushed_is_worth_as_much_as_none() -> None:
    with RedisServer(appendonly=True, flags=("--appendfsync", "no")) as server, Redis.from_url(server.url) as redis:
        assert examine(redis).offers is Durability.BEST_EFFORT


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random", "volatile-ttl", "volatile-lfu"])
def test_a_server_that_evicts_is_refused(policy: str) -> None:
    """Idempotency keys have a lifetime, so what evicts only keys with one evicts exactly those."""
    with (
        RedisServer(appendonly=True, flags=("--maxmemory-policy", policy)) as server,
        Redis.from_url(server.url) as redis,
        pytest.raises(UnfitServer, match=f"maxmemory-policy is {policy}"),
    ):
        require(redis, WantedDurability.AUTO)


def test_a_server_that_says_nothing_of_eviction_is_taken() -> None:
    with RedisServer(appendonly=True, flags=WITHOUT_INFO) as server, Redis.from_url(server.url) as redis:
        assert require(redis, WantedDurability.STRICT).eviction == ""


def test_less_than_is_asked_for_is_refused_and_more_is_not_used() -> None:
    with RedisServer(appendonly=True) as server, Redis.from_url(server.url) as redis:
        found = require(redis, WantedDurability.STANDARD)
        assert found.used_for(WantedDurability.STANDARD) is Durability.STANDARD
        assert found.used_for(WantedDurability.AUTO) is Durability.STRICT
    with (
        RedisServer(appendonly=False) as server,
        Redis.from_url(server.url) as redis,
        pytest.raises(UnfitServer, match="asks for standard, and the server offers best_effort"),
    ):
        require(redis, WantedDurability.STANDARD)
