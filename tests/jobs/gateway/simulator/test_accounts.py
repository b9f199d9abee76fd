"""What belongs to an account, and that accounts do not see each other."""

from datetime import UTC, datetime, timedelta

from jobs.gateway.simulator import Account, Clock, Dialect, Layout, Settings, Simulator
from tests.jobs.gateway.simulator.desk import ask, call, json_call, phones, session_of, submit

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)


def test_numbers_on_the_do_not_dial_list_are_not_called() -> None:
    with Simulator(Settings(calls_per_second=1), clock=Clock(starts_at=NOON, stopped=True)) as simulator:
        assert call(simulator, c_option="do_not_dial", c_phone="6175550123,16175550124") == "OK"
        assert call(simulator, c_option="remove_do_not_dial", c_phone="6175550124") == "OK"
        session = session_of(submit(simulator, c_phone="6175550123,6175550124"))
        simulator.clock.jump(timedelta(seconds=2))
        results = call(simulator, c_option="campaign_result", session_id=session).split("\n")
        assert ask(simulator, "do_not_dial") == {"demo": ["6175550123"]}
    assert [result.split("|")[3] for result in results].count("Do Not Dial List Removed") == 1
    assert "6175550123|Failure|Do Not Dial List Removed" in results[0]


def test_do_not_dial_needs_good_numbers() -> None:
    with Simulator() as simulator:
        assert call(simulator, c_option="do_not_dial") == "ERROR\nc_phone: required"
        assert call(simulator, c_option="remove_do_not_dial", c_phone="12") == "ERROR\nc_phone: invalid number"


def test_good_credentials_are_answered_with_exactly_ok() -> None:
    with Simulator() as simulator:
        assert call(simulator, c_option="user_verify") == "OK"
        assert call(simulator, c_option="user_verify", c_password="x") == "ERROR\nc_uid or c_password: invalid"


def test_an_unknown_option_is_refused() -> None:
    with Simulator() as simulator:
        assert call(simulator, c_option="dance") == "ERROR\nc_option: invalid"


def test_an_account_knows_nothing_of_the_sessions_of_another() -> None:
    accounts = {"demo": Account(), "other": Account(dialect=Dialect(layout=Layout.BARE_ID))}
    with Simulator(Settings(accounts=accounts)) as simulator:
        mine = session_of(submit(simulator))
        assert call(simulator, c_uid="other", c_option="stop", session_id=mine).endswith("invalid or not found")
        assert submit(simulator, c_uid="other").endswith("\nNumber of Phone #s = 1")
        assert call(simulator, c_uid="other", remain_message="1").startswith("remaining messages=")


def test_a_stored_list_takes_the_place_of_phones() -> None:
    account = Account(phone_lists={"4711": tuple(phones(3))})
    with Simulator(Settings(accounts={"demo": account})) as simulator:
        assert call(simulator, c_method="get_phone_list") == '"4711"|"3"'
        fields = {"c_method": "new_campaign", "c_callerID": "6175550100", "c_date": "now", "c_record_audio": "Reminder"}
        assert json_call(simulator, c_listid="4711", **fields)["number_of_phone"] == 3
        assert json_call(simulator, c_listid="1", **fields) == {"ERROR": "c_listid: not found"}


def test_a_submission_repeated_too_soon_is_a_duplicate() -> None:
    clock = Clock(starts_at=NOON, stopped=True)
    with Simulator(Settings(duplicate_window_s=60), clock=clock) as simulator:
        assert submit(simulator).startswith("OK")
        assert submit(simulator, c_dispo_url="http://127.0.0.1:1/other") == "ERROR\nduplicates request"
        assert submit(simulator, c_phone="6175550124").startswith("OK")
        clock.jump(timedelta(seconds=61))
        assert submit(simulator).startswith("OK")


def test_credits_are_spent_by_what_is_delivered_only() -> None:
    clock = Clock(starts_at=NOON, stopped=True)
    with Simulator(Settings(accounts={"demo": Account(credits=2)}), clock=clock) as simulator:
        submit(simulator, c_phone="6175550101,6175550102")
        assert call(simulator, remain_message="1") == "remaining messages=2\npending messages=2"
        clock.jump(timedelta(seconds=1))
        assert call(simulator, remain_message="1") == "remaining messages=1\npending messages=0"
        assert submit(simulator).startswith("OK")
        clock.jump(timedelta(seconds=1))
        assert submit(simulator) == "ERROR\nnot enough credits"
