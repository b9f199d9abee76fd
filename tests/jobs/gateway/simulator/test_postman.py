"""Postbacks as the calls are made."""

from datetime import UTC, datetime, timedelta

from jobs.gateway.simulator import Clock, Postbacks, Settings, Simulator
from tests.jobs.gateway.simulator.desk import ask, call, phones, receiver, session_of, submit, wait_until

QUICK = Settings(calls_per_second=1000, failure_share=0, postbacks=Postbacks(backoff_s=0.01, attempts=3))


def test_every_call_is_posted_as_six_fields() -> None:
    with receiver() as (url, received), Simulator(QUICK) as simulator:
        session = session_of(submit(simulator, c_phone="6175550101,6175550102,6175550107", c_dispo_url=url))
        wait_until(lambda: ask(simulator, f"sessions/{session}")["postbacks"].get("confirmed") == 2)
    assert sorted(each.split("|")[:4] for each in received) == [
        [session, "6175550101", "OK", ""],
        [session, "6175550102", "Failure", "Unable to Detect Voice Mail"],
    ]
    assert {len(each.split("|")) for each in received} == {6}


def test_a_record_is_posted_again_until_the_body_is_exactly_ok() -> None:
    answers = {1: "ok", 2: "OK\n"}
    with receiver(lambda number: answers.get(number, "OK")) as (url, received), Simulator(QUICK) as simulator:
        submit(simulator, c_dispo_url=url)
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["confirmed"] == 1)
    assert len(received) == 3
    assert len(set(received)) == 1


def test_a_record_nobody_takes_is_given_up() -> None:
    with receiver(lambda number: "NO") as (url, received), Simulator(QUICK) as simulator:
        submit(simulator, c_dispo_url=url)
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["given_up"] == 1)
        assert simulator.postman.waiting == 0
    assert len(received) == 3


def test_postbacks_stay_on_this_machine_unless_allowed_further() -> None:
    with Simulator(QUICK) as simulator:
        submit(simulator, c_dispo_url="http://192.0.2.1/postbacks")
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["given_up"] == 1)
        assert session.postbacks["sent"] == 0


def test_postbacks_can_be_switched_off() -> None:
    settings = Settings(calls_per_second=1000, postbacks=Postbacks(on=False))
    with receiver() as (url, received), Simulator(settings) as simulator:
        session = session_of(submit(simulator, c_dispo_url=url))
        wait_until(lambda: ask(simulator, f"sessions/{session}")["state"] == "finished")
    assert received == []


def test_many_calls_are_posted_quickly() -> None:
    with receiver() as (url, received), Simulator(Settings(calls_per_second=100_000)) as simulator:
        submit(simulator, c_phone=",".join(phones(500)), c_dispo_url=url)
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["confirmed"] == 500)
    assert len(set(received)) == 500


def with_postbacks(**postbacks: float) -> Settings:
    stated = {"calls_per_second": 1000, "failure_share": 0, "postbacks": postbacks}
    return Settings.model_validate(stated)


def test_records_may_be_posted_twice() -> None:
    with receiver() as (url, received), Simulator(with_postbacks(duplicated=1)) as simulator:
        submit(simulator, c_phone=",".join(phones(20)), c_dispo_url=url)
        wait_until(lambda: len(received) == 40)
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["confirmed"] == 20)
    assert len(set(received)) == 20


def test_records_may_overtake_each_other() -> None:
    settings = with_postbacks(reordered=0.5, reordered_s=0.3, senders=1)
    with receiver() as (url, received), Simulator(settings) as simulator:
        submit(simulator, c_phone=",".join(phones(50)), c_dispo_url=url)
        wait_until(lambda: len(received) == 50)
    in_order = sorted(received, key=lambda record: record.split("|")[1])
    assert received != in_order


def test_a_record_may_come_before_the_answer_to_the_submission() -> None:
    with receiver() as (url, received), Simulator(with_postbacks(before_answer_s=5)) as simulator:
        submit(simulator, c_dispo_url=url)
        assert len(received) == 1


def test_records_may_come_late_but_they_come() -> None:
    clock = Clock(starts_at=datetime(2026, 6, 1, tzinfo=UTC), stopped=True)
    settings = Settings(calls_per_second=1, record_lag_s=60)
    with receiver() as (url, received), Simulator(settings, clock=clock) as simulator:
        session = session_of(submit(simulator, c_phone=",".join(phones(3)), c_dispo_url=url))
        clock.jump(timedelta(seconds=2))
        assert call(simulator, c_option="stop", session_id=session) == "OK"
        assert call(simulator, c_option="campaign_result", session_id=session) == ""
        clock.jump(timedelta(seconds=60))
        wait_until(lambda: len(received) == 2)


def test_a_receiver_that_hangs_up_between_records_misses_none() -> None:
    with receiver() as (url, received), Simulator(with_postbacks(senders=1, attempts=1)) as simulator:
        for phone in phones(5):
            submit(simulator, c_phone=phone, c_dispo_url=url)
        wait_until(lambda: len(received) == 5)


def test_an_address_that_makes_no_sense_is_given_up() -> None:
    with Simulator(QUICK) as simulator:
        submit(simulator, c_dispo_url="ftp://[half/an/address")
        (session,) = simulator.truth.sessions
        wait_until(lambda: session.postbacks["given_up"] == 1)
