"""The timetable itself: what is in it can be run, and nothing in it is called like another."""

from datetime import UTC, datetime

from redis import Redis
from rq.utils import import_attribute

from jobs.ringing.errands import ERRANDS
from scheduler.timetable import TIMETABLE

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def test_every_entry_has_a_name_of_its_own_that_a_job_may_bear() -> None:
    names = [entry.name for entry in TIMETABLE]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_what_has_no_tick_is_an_errand_and_every_errand_leads_somewhere() -> None:
    assert {entry.name for entry in TIMETABLE if entry.tick is None} == set(ERRANDS)
    assert all(callable(import_attribute(errand.entry_point)) for errand in ERRANDS.values())
    assert all(isinstance(errand.keywords(NOW), dict) for errand in ERRANDS.values())


def test_every_tick_finds_nothing_in_an_empty_ledger(fake_redis: Redis) -> None:
    assert [entry.tick(fake_redis, NOW) for entry in TIMETABLE if entry.tick] == [0] * sum(
        entry.tick is not None for entry in TIMETABLE
    )
