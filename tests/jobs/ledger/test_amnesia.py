"""A ledger that has forgotten what it acknowledged is found out, and one that has not is left alone."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import ConnectionPool, Redis

from jobs.ledger import amnesia, campaigns, claims, keys, submissions
from jobs.ledger.amnesia import Halt, Halted, Mark
from jobs.ledger.claims import Claim
from jobs.models import Intent, SubmissionState
from tests.jobs.ledger.conftest import NOW, new_campaign, taken
from tests.servers import RedisServer


def another_process(redis: Redis) -> Redis:
    """A client with a pool of its own, and so with a memory of its own."""
    pool = redis.connection_pool
    return Redis(connection_pool=ConnectionPool(connection_class=pool.connection_class, **pool.connection_kwargs))


def claim(redis: Redis) -> Claim:
    return claims.claim(redis, "bcdf-1", attempt="a", now=NOW, until=NOW + timedelta(minutes=1))


def begin_sending(redis: Redis) -> bool:
    (submission,) = submissions.read(redis, ["bcdf-1"])
    return submissions.move(redis, submission, SubmissionState.SENDING, now=NOW, attempt="a")


def test_important_writes_are_counted_and_others_are_not(ledger: Redis) -> None:
    assert amnesia.newest_mark(ledger) == Mark()
    taken(ledger, ["6175550123"])
    first = amnesia.newest_mark(ledger)
    assert first.count == 1
    claim(ledger)
    assert amnesia.newest_mark(ledger) == first
    begin_sending(ledger)
    assert amnesia.newest_mark(ledger) == Mark(first.epoch, 2)
    campaigns.intend(ledger, "bcdf", Intent.PAUSE, note="", now=NOW)
    assert amnesia.newest_mark(ledger) == Mark(first.epoch, 3)


def test_a_look_shows_what_others_have_written(ledger: Redis) -> None:
    other = another_process(ledger)
    taken(ledger, ["6175550123"])
    assert amnesia.look(other, now=NOW) is None
    assert amnesia.newest_mark(other) == amnesia.newest_mark(ledger)


def test_an_emptied_ledger_is_noticed_and_nothing_is_sent(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    ledger.flushall()
    halt = amnesia.look(ledger, now=NOW)
    assert halt is not None
    assert halt.since == NOW
    assert halt.reason == "1 important write was acknowledged, and the ledger knows 0 of them"
    taken(ledger, ["6175550123"])
    assert claim(ledger) is Claim.HALTED
    assert claim(another_process(ledger)) is Claim.HALTED


def test_a_new_process_believes_what_it_reads(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    ledger.flushall()
    newcomer = another_process(ledger)
    taken(newcomer, ["6175550123"])
    assert claim(newcomer) is Claim.CLAIMED
    assert begin_sending(newcomer)


def test_what_a_dead_process_has_seen_is_noticed_as_if_it_lived(ledger: Redis) -> None:
    newcomer = another_process(ledger)
    taken(ledger, ["6175550123"])
    seen = amnesia.newest_mark(ledger)
    amnesia.testify(newcomer, seen, at=NOW, now=NOW)
    assert amnesia.look(newcomer, now=NOW) is None
    ledger.flushall()
    taken(newcomer, ["6175550123"])
    amnesia.testify(newcomer, seen, at=NOW, now=NOW)
    assert claim(newcomer) is Claim.HALTED


def test_what_was_seen_before_a_person_believed_the_ledger_says_nothing_new(ledger: Redis) -> None:
    newcomer = another_process(ledger)
    amnesia.testify(newcomer, Mark("5ea1" * 4, 3), at=NOW, now=NOW)
    assert amnesia.forgive(newcomer, why="compared", now=NOW + timedelta(hours=1), after_data_loss=True) is not None
    for epoch in ("5ea1" * 4, "0dd5" * 4):
        amnesia.testify(newcomer, Mark(epoch, 2), at=NOW, now=NOW)
        assert amnesia.look(newcomer, now=NOW) is None
    amnesia.testify(newcomer, Mark("0dd5" * 4, 2), at=NOW + timedelta(hours=2), now=NOW)
    assert amnesia.look(newcomer, now=NOW) is not None


def test_it_is_noticed_in_the_very_move_that_would_send(ledger: Redis) -> None:
    newcomer = another_process(ledger)
    taken(ledger, ["6175550123"])
    ledger.flushall()
    taken(newcomer, ["6175550123"])
    claim(newcomer)
    with pytest.raises(Halted):
        begin_sending(ledger)
    with pytest.raises(Halted):
        begin_sending(newcomer)
    (submission,) = submissions.read(ledger, ["bcdf-1"])
    assert submission.state is SubmissionState.CLAIMED


def test_requests_still_hold_while_sending_is_halted(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    ledger.flushall()
    taken(ledger, ["6175550123"])
    assert campaigns.intend(ledger, "bcdf", Intent.STOP, note="", now=NOW) is Intent.STOP


def test_from_a_persons_halt_on_nothing_begins_to_be_sent_and_requests_go_on(ledger: Redis) -> None:
    taken(ledger, ["6175550123"], ["6175550124"])
    claim(ledger)
    other = another_process(ledger)
    halt = amnesia.halt(ledger, why="wrong script", by="dana", now=NOW)
    assert halt == Halt("wrong script", NOW, "dana")
    assert amnesia.look(other, now=NOW) == halt
    joined = replace(halt, joined=(Halt("me too", NOW + timedelta(hours=1), "ana"),))
    for _ in range(2):
        assert amnesia.halt(other, why="me too", by="ana", now=NOW + timedelta(hours=1)) == joined
    with pytest.raises(Halted):
        begin_sending(ledger)
    until = NOW + timedelta(minutes=1)
    assert claims.claim(other, "bcdf-2", attempt="b", now=NOW, until=until) is Claim.HALTED
    assert campaigns.intend(ledger, "bcdf", Intent.PAUSE, note="", now=NOW) is Intent.PAUSE
    assert campaigns.intend(ledger, "bcdf", Intent.RUN, note="", now=NOW) is Intent.RUN
    assert amnesia.forgive(other, why="corrected", now=NOW) == joined
    assert begin_sending(ledger)
    assert amnesia.forgive(other, why="corrected", now=NOW) is None


def test_what_is_about_to_leave_when_a_person_halts_sending_stays(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger)
    begin_sending(ledger)
    amnesia.halt(ledger, why="wrong script", by="dana", now=NOW)
    (submission,) = submissions.read(ledger, ["bcdf-1"])
    assert not submissions.leave(ledger, submission, attempt="a", now=NOW)


def test_a_persons_halt_does_not_hide_that_the_ledger_has_forgotten(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    amnesia.halt(ledger, why="wrong script", by="dana", now=NOW)
    ledger.hset(keys.MEMORY, "count", 1)
    found = amnesia.look(ledger, now=NOW)
    assert found is not None
    assert "the ledger knows 1" in found.reason
    person = Halt("wrong script", NOW, "dana")
    assert amnesia.halts(ledger, now=NOW) == (found, person)
    assert amnesia.forgive(ledger, why="corrected", now=NOW) == person
    assert amnesia.forgive(ledger, why="corrected", now=NOW) is None  # it never ends what nobody named
    assert claim(ledger) is Claim.HALTED
    assert amnesia.forgive(ledger, why="compared", by="ana", now=NOW, after_data_loss=True) == found
    assert claim(ledger) is Claim.CLAIMED
    assert not ledger.exists(keys.HALT)


def test_fewer_writes_than_were_seen_are_noticed(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    campaigns.intend(ledger, "bcdf", Intent.PAUSE, note="", now=NOW)
    ledger.hset(keys.MEMORY, "count", 1)
    assert amnesia.look(ledger, now=NOW) is not None


def test_processes_that_race_and_repeat_raise_no_alarm(ledger: Redis) -> None:
    other = another_process(ledger)
    taken(ledger, ["6175550123"])
    for _ in range(3):
        for process in (ledger, other):
            campaigns.intend(process, "bcdf", Intent.PAUSE, note="", now=NOW)
            new = new_campaign(["6175550123"])
            campaigns.take(process, new, now=NOW, keep_key=timedelta(days=1))
    assert amnesia.look(ledger, now=NOW) is None
    assert amnesia.look(other, now=NOW) is None


def test_a_person_says_go_and_every_process_goes_on(ledger: Redis) -> None:
    other = another_process(ledger)
    taken(ledger, ["6175550123"])
    amnesia.look(other, now=NOW)
    ledger.flushall()
    halt = amnesia.look(ledger, now=NOW)
    taken(ledger, ["6175550123"])
    assert amnesia.forgive(ledger, why="compared with the gateway", by="ana", now=NOW, after_data_loss=True) == halt
    assert amnesia.look(ledger, now=NOW) is None
    assert amnesia.look(other, now=NOW) is None
    assert claim(other) is Claim.CLAIMED
    assert begin_sending(other)
    assert amnesia.forgive(ledger, why="again", now=NOW, after_data_loss=True) is None
    past: Any = ledger.xrange(keys.HALTS)
    ((_, kept),) = past
    assert (kept[b"why"], kept[b"ended_by"]) == (b"compared with the gateway", b"ana")


def test_what_is_forgotten_after_a_go_is_noticed_again(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    ledger.flushall()
    amnesia.look(ledger, now=NOW)
    amnesia.forgive(ledger, why="it was a test", now=NOW, after_data_loss=True)
    taken(ledger, ["6175550123"])
    ledger.flushall()
    assert amnesia.look(ledger, now=NOW) is not None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "now").mkdir()
    with RedisServer(appendonly=True, data_dir=tmp_path / "now") as running:
        yield running


def restore(server: RedisServer, snapshot: Path) -> None:
    """Go back to an old copy of a server's data, as after a disaster."""
    server.kill()
    shutil.rmtree(server.data_dir)
    shutil.copytree(snapshot, server.data_dir)
    server.start()


def test_a_server_that_went_back_to_an_old_copy_is_noticed(server: RedisServer, tmp_path: Path) -> None:
    with Redis.from_url(server.url) as redis:
        taken(redis, ["6175550123"])
        shutil.copytree(server.data_dir, tmp_path / "old")
        assert claim(redis) is Claim.CLAIMED
        assert begin_sending(redis)
        restore(server, tmp_path / "old")
        (submission,) = submissions.read(redis, ["bcdf-1"])
        assert submission.state is SubmissionState.PLANNED  # it was sent long ago, and nobody here knows
        assert claim(redis) is Claim.HALTED


def test_it_is_noticed_although_others_have_written_more_since(server: RedisServer, tmp_path: Path) -> None:
    """Counts alone would not tell: by the time of the look the ledger counts more than was ever seen."""
    with Redis.from_url(server.url) as redis:
        taken(redis, ["6175550123"])
        shutil.copytree(server.data_dir, tmp_path / "old")
        claim(redis)
        begin_sending(redis)
        restore(server, tmp_path / "old")
        with Redis.from_url(server.url) as newcomer:
            for number in range(5):
                new = new_campaign(["6175550124"], campaign_id=f"new{number}", key=str(number))
                campaigns.take(newcomer, new, now=NOW, keep_key=timedelta(days=1))
        halt = amnesia.look(redis, now=NOW)
        assert halt is not None
        assert halt.reason == "2 important writes were acknowledged, and the ledger knows 1 of them"


def test_who_saw_nothing_waits_until_those_who_did_had_the_time_to_say_so(server: RedisServer, tmp_path: Path) -> None:
    with Redis.from_url(server.url) as sender, Redis.from_url(server.url) as other:
        taken(sender, ["6175550123"])
        amnesia.look(other, now=NOW)
        shutil.copytree(server.data_dir, tmp_path / "old")
        claim(sender)
        begin_sending(sender)
        restore(server, tmp_path / "old")
        assert claim(other) is Claim.HALTED
        assert amnesia.look(other, now=NOW) is None
        assert amnesia.look(sender, now=NOW) is not None
        sender.delete(keys.DOUBT)
        assert claim(other) is Claim.HALTED


def test_a_server_that_will_not_say_which_run_it_is_is_known_by_its_counts(tmp_path: Path) -> None:
    acl = ("--user", "default", "on", "nopass", "~*", "&*", "+@all", "-info")
    with RedisServer(appendonly=True, flags=acl) as server, Redis.from_url(server.url) as redis:
        taken(redis, ["6175550123"])
        server.restart()
        assert amnesia.look(redis, now=NOW) is None
        assert claim(redis) is Claim.CLAIMED
        redis.hset(keys.MEMORY, "count", 0)
        assert amnesia.look(redis, now=NOW) is not None


def test_a_restart_that_loses_nothing_is_doubted_for_seconds_and_then_believed(server: RedisServer) -> None:
    with Redis.from_url(server.url) as redis:
        taken(redis, ["6175550123"])
        server.restart()
        assert claim(redis) is Claim.HALTED
        assert 0 < redis.pttl(keys.DOUBT) <= 5000
        assert amnesia.look(redis, now=NOW) is None
        redis.delete(keys.DOUBT)
        assert claim(redis) is Claim.CLAIMED
        assert begin_sending(redis)
        server.restart()
        assert amnesia.look(redis, now=NOW) is None
