"""Several accounts in one variable: each is its own, and no complaint shows a credential."""

import json
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.accounts import AccountSettings, UnknownAccount
from config.settings import InvalidSettings, Settings

SECRET = "s3cr3t/p4ss#word"
WEST = {"uid": "west@example.com", "password": SECRET}
DEFAULT = {"GATEWAY_UID": "you@example.com", "GATEWAY_PASSWORD": "another secret"}


def settings_of(accounts: object, **env: str) -> Settings:
    return Settings.from_env({"GATEWAY_ACCOUNTS": json.dumps(accounts), **env})


def problems_of(accounts: object, **env: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as caught:
        settings_of(accounts, **env)
    return caught.value.problems


def test_each_name_leads_to_its_own_credentials() -> None:
    settings = settings_of({"west": WEST, "east_2": {"uid": " east@example.com ", "password": "p"}}, **DEFAULT)
    found = {
        name: (settings.account(name).uid, settings.account(name).password.get_secret_value())
        for name in settings.accounts
    }
    assert found == {
        "default": ("you@example.com", "another secret"),
        "west": ("west@example.com", SECRET),
        "east_2": ("east@example.com", "p"),
    }
    settings.require_gateway()


def test_further_accounts_can_do_without_a_default_one() -> None:
    settings = settings_of({"west": WEST})
    settings.require_gateway()
    assert list(settings.accounts) == ["west"]
    with pytest.raises(UnknownAccount, match=r"'default'; there is: west"):
        settings.account()


def test_half_a_default_account_is_missed_whatever_else_there_is() -> None:
    with pytest.raises(InvalidSettings, match="GATEWAY_PASSWORD: is missing"):
        settings_of({"west": WEST}, GATEWAY_UID="you@example.com").require_gateway()


def test_an_unknown_account_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownAccount, match=r"'north'; there is: default, west"):
        settings_of({"west": WEST}, **DEFAULT).account("north")


def test_logs_know_the_secrets_of_all_accounts() -> None:
    assert settings_of({"west": WEST}, **DEFAULT).secrets() == ("another secret", SECRET)
    assert Settings.from_env({}).secrets() == ()


def test_credentials_are_in_no_picture() -> None:
    settings = settings_of({"west": WEST}, **DEFAULT)
    for picture in (repr(settings), str(settings), repr(settings.account("west")), repr(settings.accounts)):
        assert [each for each in (SECRET, "west@example.com", "another secret") if each in picture] == []
    assert SECRET not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("accounts", "complaint"),
    [
        ({"west": {"uid": "u"}}, "west.password: Field required"),
        ({"west": {"uid": " ", "password": SECRET}}, "west.uid: "),
        ({"west": {"uid": "u", "password": ""}}, "west.password: "),
        ({"west": {"uid": 7, "password": SECRET}}, "west.uid: "),
        ({"west": {"uid": "u", "password": [SECRET]}}, "west.password: "),
        ({"west": {**WEST, SECRET: "u"}}, "west.(another field): "),
        ({"west": SECRET}, "west: "),
        ({SECRET: WEST}, "(an odd name): "),
        ({"w" * 65: WEST}, "(an odd name): "),
        ({"": WEST}, "(an odd name): "),
        ({"default": WEST}, "default is the account of GATEWAY_UID"),
        ({"west": WEST, "wild": WEST}, "wild has the same uid as west"),
        ({"alpha": {"uid": "You@example.com", "password": SECRET}}, "alpha has the same uid as default"),
        ([SECRET], "must be a JSON object"),
    ],
    ids=str,
)
def test_what_cannot_work_is_said_with_account_and_field(accounts: Any, complaint: str) -> None:
    (problem,) = problems_of(accounts, **DEFAULT)
    assert problem.startswith(f"GATEWAY_ACCOUNTS: {complaint}")
    assert "for example GATEWAY_ACCOUNTS=" in problem


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f'{{"west": {SECRET}', "is not JSON: "),
        (f'{{"a": {{"uid": "u", "password": "{SECRET}"}}, "a": 1}}', "has a name twice"),
    ],
)
def test_text_that_cannot_be_read_is_not_repeated(text: str, complaint: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env({"GATEWAY_ACCOUNTS": text})
    assert complaint in caught.value.problems[0]
    assert SECRET not in "".join(traceback.format_exception(caught.value))


anything = st.recursive(
    st.just(SECRET) | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["uid", "password", SECRET]), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["west", "default", SECRET]), anything, min_size=1))
def test_a_complaint_never_shows_a_secret(accounts: Any) -> None:
    try:
        shown = repr(settings_of(accounts))
    except InvalidSettings as invalid:
        shown = "".join(traceback.format_exception(invalid))
    assert SECRET not in shown


def test_limits_are_an_account_s_own_where_it_states_them() -> None:
    limited = {"west": {**WEST, "calls_per_s": 0.5, "phones_per_min": 600}}
    account = settings_of(limited, **DEFAULT).account("west")
    assert (account.calls_per_s, account.phones_per_min) == (0.5, 600)
    assert settings_of(limited, **DEFAULT).account().calls_per_s is None
    for too_slow in (0, 0.19):
        (problem,) = problems_of({"west": {**WEST, "calls_per_s": too_slow}})
        assert problem.startswith("GATEWAY_ACCOUNTS: west.calls_per_s: ")


def test_an_account_of_ours_is_frozen() -> None:
    account = AccountSettings.model_validate(WEST)
    with pytest.raises(ValueError, match="frozen"):
        account.uid = "other"  # type: ignore[misc]  # that it is refused is the point
