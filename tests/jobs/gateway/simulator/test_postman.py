"""Postbacks as the calls are made."""

from jobs.gateway.simulator import Postbacks, Settings, Simulator
from tests.jobs.gateway.simulator.desk import ask, phones, receiver, session_of, submit, wait_until

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
