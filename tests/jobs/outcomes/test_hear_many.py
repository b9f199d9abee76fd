"""Postbacks heard together: each ends as it would alone, whatever stands beside it."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from config.durability import Durability
from jobs.campaigns.addresses import seal_key
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Simulator
from jobs.ledger import amnesia, arrivals, dispositions, do_not_dial, keys, quarantine, submissions
from jobs.ledger.do_not_dial import Asked, Verb
from jobs.ledger.durability import NotDurable
from jobs.models import DropState, SubmissionState
from jobs.outcomes.hear import Heard, Posted, hear_many
from tests.jobs.campaigns.conftest import submission, taken, view
from tests.jobs.ledger.test_amnesia import another_process
from tests.jobs.outcomes.conftest import PHONES, accepted_but_unknown, known_session, never_accepted
from tests.jobs.outcomes.test_hear import posted
from tests.servers import RedisServer

OURS, STRANGER = "5000000001", "2125550102"


def test_each_ends_as_it_would_alone(desk: Desk, simulator: Simulator) -> None:
    token = submission(desk, accepted_but_unknown(desk, simulator)).attempt
    known = submission(desk, known_session(desk))
    heard = hear_many(
        desk,
        [
            Posted(token, posted(OURS, STRANGER)),
            Posted(token, posted(OURS)),
            Posted("0" * 32, posted(OURS)),
            Posted(token, posted(OURS)),
            Posted(token, posted(OURS, PHONES[1], "Failure")),
            Posted(token, b"hello"),
            Posted(token, b"x" * 5_000),
            Posted(known.attempt, posted(known.session_id, "2125550199")),
            Posted(known.attempt, posted(OURS, "2125550199")),
            Posted(token, posted(known.session_id, PHONES[2])),
        ],
    )
    assert heard == [
        Heard.FOREIGN_PHONE,
        Heard.ADOPTED,
        Heard.UNKNOWN_TOKEN,
        Heard.RECORDED,
        Heard.RECORDED,
        Heard.UNREADABLE,
        Heard.OVERSIZED,
        Heard.RECORDED,
        Heard.FOREIGN_SESSION,
        Heard.FOREIGN_SESSION,
    ]
    assert dict(arrivals.read(desk.redis).ends) == {str(each): heard.count(each) for each in heard}


def test_however_they_are_cut_and_repeated_the_table_is_the_same(desk: Desk, simulator: Simulator) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    token, chance = submission(desk, campaign_id).attempt, Random(7)
    calls = [
        Posted(token, posted(OURS, phone, status)) for phone, status in zip(PHONES, ("OK", "Failure") * 2, strict=True)
    ]
    for _ in range(20):
        heard = hear_many(desk, chance.choices(calls, k=chance.randint(1, 6)))
        assert all(each.is_in for each in heard)
    hear_many(desk, calls)
    states = {each.phone: each.state for each in dispositions.read(desk.redis, submission(desk, campaign_id))}
    assert list(states.values()) == [DropState.DELIVERED, DropState.FAILED] * 2
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 2, DropState.FAILED: 2}


def test_what_contradicts_the_first_record_has_an_end_of_its_own_however_it_is_cut(
    desk: Desk, simulator: Simulator
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    token, chance = submission(desk, campaign_id).attempt, Random(7)
    first, otherwise = Posted(token, posted(OURS)), Posted(token, posted(OURS, status="Failure"))
    untold = Posted(token, posted(OURS, status=""))
    assert hear_many(desk, [untold, first, otherwise]) == [Heard.ADOPTED, Heard.RECORDED, Heard.CONTRARY]
    total = Counter({Heard.ADOPTED: 1, Heard.RECORDED: 1, Heard.CONTRARY: 1})
    for _ in range(10):
        batch = chance.choices([first, otherwise, untold], k=chance.randint(1, 5))
        heard = hear_many(desk, batch)
        assert heard == [Heard.CONTRARY if each is otherwise else Heard.RECORDED for each in batch]
        total.update(heard)
    assert arrivals.read(desk.redis).ends == dict(total)
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 1}
    kept = quarantine.read(desk.redis, [Heard.CONTRARY], now=desk.clock())
    assert len(kept) == total[Heard.CONTRARY]
    assert all("Failure" in each.said and each.submission_id == f"{campaign_id}-1" for each in kept)


def test_a_call_to_whom_we_took_out_is_no_record_of_theirs(desk: Desk, simulator: Simulator) -> None:
    taken_out, sent = PHONES[:2]
    campaign_id = taken(desk, taken_out, sent).campaign_id
    do_not_dial.change(desk.redis, "default", Verb.ADD, [taken_out], Asked("dana", "asked", "test", desk.clock()))
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    ours = submission(desk, campaign_id)
    heard = hear_many(desk, [Posted(ours.attempt, posted(ours.session_id, each)) for each in (sent, taken_out)])
    assert heard == [Heard.RECORDED, Heard.CONTRARY]
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 1, DropState.SCREENED: 1}


def test_one_that_meets_a_fault_fails_alone(desk: Desk, simulator: Simulator) -> None:
    ids = [never_accepted(desk, simulator, phone, key=phone) for phone in PHONES]
    tokens = [submission(desk, each).attempt for each in ids]
    desk.redis.delete(keys.phones(f"{ids[1]}-1"))
    desk.redis.hset(keys.phones(f"{ids[1]}-1"), "not", "what is expected")
    calls = [Posted(token, posted(f"500000000{at}", PHONES[at])) for at, token in enumerate(tokens)]
    heard = hear_many(desk, calls)
    assert heard[1] is Heard.FAILED
    assert all(each.is_in for at, each in enumerate(heard) if at != 1)
    assert arrivals.read(desk.redis).ends[Heard.FAILED] == 1
    states = [submission(desk, each).state for each in ids]
    assert states.count(SubmissionState.ACCEPTED) == 3


@pytest.mark.parametrize(
    "text",
    [
        "1900-01-01 00:00:00",
        "2999-12-31 23:59:59",
        "1000-01-01 00:00:00",
        "2026-02-30 00:00:00",
        "\x1f|\ud7ff",
        "a" * 1_300,
    ],
)
def test_no_time_or_text_is_a_fault(desk: Desk, simulator: Simulator, text: str) -> None:
    campaign_id = never_accepted(desk, simulator)
    body = f"var={OURS}|{PHONES[0]}|OK|{text}|{text}|{text}".encode()
    assert hear_many(desk, [Posted(submission(desk, campaign_id).attempt, body)]) == [Heard.ADOPTED]


def test_what_is_refused_is_kept_without_what_it_must_not_show(desk: Desk, simulator: Simulator) -> None:
    unknown = submission(desk, accepted_but_unknown(desk, simulator))
    hear_many(desk, [Posted(unknown.attempt, posted(OURS, STRANGER), "192.0.2.7"), Posted("5" * 32, b"%32125550102")])
    kept = quarantine.read(desk.redis, list(Heard), now=desk.clock())
    foreign = next(each for each in kept if each.kind == Heard.FOREIGN_PHONE)
    assert (foreign.submission_id, foreign.session_id, foreign.source) == (unknown.id, OURS, "192.0.2.7")
    raw = str([desk.redis.lrange(keys.quarantine(kind), 0, -1) for kind in Heard])
    assert "***0102" in raw
    assert not [secret for secret in (STRANGER, unknown.attempt, "5" * 32) if secret in raw]


def test_nothing_is_said_to_be_in_while_the_ledger_is_away(desk: Desk) -> None:
    with RedisServer() as server, Redis.from_url(server.url, retry=None) as redis:
        server.kill()
        with pytest.raises(RedisConnectionError):
            hear_many(replace(desk, redis=redis), [Posted("0" * 32, posted(OURS))])


def test_nothing_is_said_to_be_in_that_is_not_on_the_disk(desk: Desk, redis: Redis, simulator: Simulator) -> None:
    """This server has no disk to wait for, so a desk that wants one must not say yes, the first time or the second."""
    strict = replace(desk, redis=redis, durability=Durability.STRICT)
    campaign_id = accepted_but_unknown(replace(desk, redis=redis), simulator)
    token = submission(strict, campaign_id).attempt
    for _ in range(2):
        with pytest.raises(NotDurable):
            hear_many(strict, [Posted(token, posted(OURS))])
    (found,) = submissions.read(redis, [f"{campaign_id}-1"])
    assert found.state is SubmissionState.ACCEPTED


def test_a_ledger_that_was_emptied_while_nobody_lived_is_found_out_by_a_record_of_what_it_has_forgotten(
    desk: Desk, simulator: Simulator
) -> None:
    key = seal_key("demo")
    sealing = replace(desk, postbacks_url="http://127.0.0.1:9/", accounts=("default",), seal_key=lambda _: key)
    campaign_id = taken(desk, *PHONES).campaign_id
    send(sealing, f"{campaign_id}-1")
    (session,) = simulator.truth.sessions
    token, _, testimony = session.postback_url.rpartition("/")[2].partition("-")
    desk.redis.flushall()
    newcomer = replace(sealing, redis=another_process(desk.redis))
    for stranger in (Posted("0" * 32, posted(session.id), "", testimony), Posted(token, posted(session.id))):
        assert hear_many(newcomer, [stranger]) == [Heard.UNKNOWN_TOKEN]
        assert amnesia.look(newcomer.redis, now=desk.clock()) is None
    record = Posted(token, posted(session.id), "", testimony)
    assert hear_many(newcomer, [record, Posted("1" * 32, b"")]) == [Heard.UNKNOWN_TOKEN] * 2
    assert amnesia.look(newcomer.redis, now=desk.clock()) is not None
