from redis import Redis

from tests.servers import RedisServer


def test_a_killed_server_comes_back_on_its_port_with_what_it_had_answered_for() -> None:
    with RedisServer(appendonly=True) as server:
        with Redis.from_url(server.url) as client:
            client.set("k", "v")
        before = server.url
        server.restart()
        assert server.url == before
        with Redis.from_url(server.url) as client:
            assert client.get("k") == b"v"
    assert not server.is_running
    assert not server.data_dir.exists()


def test_the_real_fixture_starts_empty_and_answers_in_bytes(redis: Redis) -> None:
    assert redis.keys() == []
    redis.set("k", "v")
    assert redis.get("k") == b"v"


def test_the_fake_fixture_runs_lua(fake_redis: Redis) -> None:
    assert fake_redis.eval("return redis.call('INCR', KEYS[1])", 1, "n") == 1
