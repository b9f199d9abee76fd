import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from config.accounts import AccountSettings, UnknownAccount
from config.settings import OTHER_WORDS, InvalidSettings, LogFormat, LogLevel, Settings, variables

SECRET = "s3cr3t/p4ss#word"
GATEWAY = {"GATEWAY_UID": "you@example.com", "GATEWAY_PASSWORD": SECRET}


def problems_of(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env(env)
    return caught.value.problems


def test_an_empty_environment_is_enough_to_look_around() -> None:
    settings = Settings.from_env({})
    assert settings.redis_url.get_secret_value() == "redis://localhost:6379/0"
    assert settings.gateway_url == "https://www.mobile-sphere.com/gateway/"
    assert (settings.lead_s, settings.keep_keys_days) == (600, 180)
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.AUTO)


def test_the_machine_s_own_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_S", "1")
    assert Settings.from_env({}).lead_s == 600
    assert Settings().lead_s == 600


def test_empty_and_blank_variables_count_as_unset() -> None:
    assert Settings.from_env({"LEAD_S": "", "PUBLIC_URL": "  "}) == Settings.from_env({})


def test_values_are_read_with_blanks_around_them_and_in_any_case() -> None:
    settings = Settings.from_env({"LOG_LEVEL": "debug ", "LOG_FORMAT": "JSON", "LEAD_S": " 90.5 "})
    assert (settings.log_level, settings.log_format, settings.lead_s) == (LogLevel.DEBUG, LogFormat.JSON, 90.5)


def test_a_password_keeps_its_blanks() -> None:
    assert Settings.from_env({"GATEWAY_PASSWORD": " a b "}).gateway_password == SecretStr(" a b ")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings.from_env({}).lead_s = 1  # type: ignore[misc]  # that it is refused is the point


def test_all_problems_come_at_once_each_with_its_variable_and_an_example() -> None:
    found = problems_of({"LEAD_S": "-1", "WORKERS_STATUS": "many", "LOG_FORMAT": "xml", "GATEWAY_DEADLINE_S": "25"})
    assert [problem.split(":")[0] for problem in found] == [
        "GATEWAY_DEADLINE_S",
        "WORKERS_STATUS",
        "LEAD_S",
        "LOG_FORMAT",
    ]
    assert all(f"for example {problem.split(':')[0]}=" in problem for problem in found)
    assert "less than or equal to 22" in found[0]


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("GATEWAY_URL", "https://www.mobile-sphere.com/gateway", "end in /gateway/"),
        ("GATEWAY_URL", "https://www.mobile-sphere.com/gateway/vmb.php", "end in /gateway/"),
        ("GATEWAY_URL", "ftp://host/gateway/", "https://"),
        ("GATEWAY_URL", "https://me:pw@host/gateway/", "user name"),
        ("PUBLIC_URL", "drops.example.com", "https://"),
        ("PUBLIC_URL", "https://drops.example.com/?a=b", "query"),
        ("TRUSTED_PROXIES", "*", "anybody"),
        ("TRUSTED_PROXIES", "127.0.0.1,router.example.com", "addresses or networks"),
        ("REDIS_URL", "http://host", "redis://"),
        ("REDIS_URL", "redis:///0", "name a host"),
        ("REDIS_URL", "unix://", "name a path"),
        ("REDIS_URL", "redis://host/first", "number of a database"),
        ("REDIS_URL", "redis://host:port/0", "cannot be read"),
        ("REDIS_TLS_URL", "https://host", "REDIS_TLS_URL"),
        ("LEAD_S", "nan", "finite"),
        ("LEAD_S", "0", "greater than 0"),
        ("KEEP_KEYS_DAYS", "99", "greater than or equal to 100"),
        ("POLL_MAX_S", "4", "POLL_FIRST_S"),
        ("POLL_FIRST_S", "301", "POLL_MAX_S"),
        ("REDIS_TLS_VERIFY", "maybe", "boolean"),
    ],
)
def test_a_value_that_cannot_work_is_explained(variable: str, value: str, complaint: str) -> None:
    (problem,) = problems_of({variable: value})
    assert complaint in problem


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "https://www.mobile-sphere.com/gateway/"),
        ({"GATEWAY_DIALECT": "JSON"}, "https://www.slybroadcast.com/gateway/"),
        ({"GATEWAY_DIALECT": "json", "GATEWAY_URL": "http://h/gateway/"}, "http://h/gateway/"),
    ],
)
def test_each_dialect_is_spoken_where_the_vendor_documents_it_unless_another_place_is_stated(
    env: dict[str, str], url: str
) -> None:
    assert Settings.from_env(env).gateway_url == url


def test_a_dialect_that_is_none_is_the_only_problem() -> None:
    (problem,) = problems_of({"GATEWAY_DIALECT": "xml"})
    assert "'text' or 'json'" in problem


@pytest.mark.parametrize("url", ["redis://h", "rediss://:pw@h:6380", "redis://u:p@h:1/3", "unix:///tmp/s?db=1"])
def test_every_kind_of_redis_address_is_taken(url: str) -> None:
    assert Settings.from_env({"REDIS_URL": url}).redis_url.get_secret_value() == url


def test_the_encrypted_address_is_the_fallback() -> None:
    both = {"REDIS_TLS_URL": "rediss://h:1", "REDIS_URL": "redis://h:2"}
    assert Settings.from_env(both).redis_url.get_secret_value() == "redis://h:2"
    assert Settings.from_env(both | {"REDIS_URL": ""}).redis_url.get_secret_value() == "rediss://h:1"


def test_the_public_url_is_kept_without_a_last_slash() -> None:
    assert Settings.from_env({"PUBLIC_URL": "https://drops.example.com/x/"}).public_url == "https://drops.example.com/x"


def test_secrets_are_in_no_picture_of_the_settings() -> None:
    settings = Settings.from_env(GATEWAY | {"REDIS_URL": "redis://u:hidden@host:1"})
    pictures = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    pictures += [repr(settings.account()), str(settings.account())]
    assert not [p for p in pictures if SECRET in p or "hidden" in p]


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=6), st.sampled_from(["redis", "rediss", "ftp"]))
def test_a_complaint_never_shows_a_password(password: str, scheme: str) -> None:
    secret = f"<{password}>"
    env = {"REDIS_URL": f"{scheme}://user:{secret}@host:x/0", "GATEWAY_PASSWORD": secret, "LEAD_S": "soon"}
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env(env)
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["redis://u:h%23sh@host:1", "rediss://:h%23sh@host", "unix:///s?password=h%23sh"])
def test_what_logs_must_hide_is_known(url: str) -> None:
    assert Settings.from_env(GATEWAY | {"REDIS_URL": url}).secrets() == ("h#sh", SECRET)
    assert Settings.from_env({}).secrets() == ()


def test_looking_needs_no_credentials_but_the_gateway_does() -> None:
    settings = Settings.from_env({"GATEWAY_UID": "you@example.com"})
    (problem,) = settings.gateway_problems()
    assert "GATEWAY_PASSWORD" in problem
    with pytest.raises(InvalidSettings, match="GATEWAY_PASSWORD"):
        settings.require_gateway()
    with pytest.raises(InvalidSettings, match="GATEWAY_PASSWORD"):
        settings.account()


def test_with_credentials_the_gateway_is_open() -> None:
    settings = Settings.from_env(GATEWAY)
    settings.require_gateway()
    assert settings.gateway_problems() == ()
    account = settings.account("default")
    assert isinstance(account, AccountSettings)
    assert (account.uid, account.password.get_secret_value()) == ("you@example.com", SECRET)


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(UnknownAccount, match=r"'west'.*default"):
        Settings.from_env(GATEWAY).account("west")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("GATEWAY_PASSWROD", "GATEWAY_PASSWORD"),
        ("REDIS_URI", "REDIS_URL"),
        ("redis_url", "REDIS_URL"),
        ("WORKERS_CAMPAIGN", "WORKERS_CAMPAIGNS"),
        ("GATEWAY_TIMEOUT_S", "GATEWAY_READ_TIMEOUT_S"),
        ("WORKER_CAMPAIGNS", "WORKERS_CAMPAIGNS"),
        ("WORKER_STATUS", "WORKERS_STATUS"),
        ("GATEWAY_USER", "GATEWAY_UID"),
        ("GATEWAY_PASS", "GATEWAY_PASSWORD"),
        ("gateway_username", "GATEWAY_UID"),
    ],
)
def test_a_misspelt_variable_is_suspected(typed: str, meant: str) -> None:
    (suspect,) = Settings.from_env({typed: "x"}).suspects
    assert typed in suspect
    assert meant in suspect


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_another_word_is_none_of_ours_and_stands_for_one(word: str) -> None:
    ours = {variable for name in Settings.model_fields for variable in variables(name)}
    assert (word in ours, OTHER_WORDS[word] in ours) == (False, True)


def test_strangers_are_no_suspects() -> None:
    env = {"PATH": "/bin", "GATEWAY_INTERFACE": "CGI/1.1", "REDIS_PORT": "1", "LEAD": "1", "HEROKU_REDIS_RED_URL": "x"}
    env |= {"WORKER_CONCURRENCY": "2", "WORKER_TIMEOUT": "3"}
    assert Settings.from_env(env).suspects == ()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_field_is_explained_and_its_example_is_valid(name: str) -> None:
    field = Settings.model_fields[name]
    assert field.description
    assert field.examples
    Settings.from_env({variables(name)[0]: field.examples[0]})


def test_a_private_network_is_believed_on_heroku_alone_and_only_unless_it_is_said() -> None:
    assert Settings.from_env({}).trusted_proxies == "127.0.0.1,::1"
    assert Settings.from_env({"DYNO": "web.1"}).trusted_proxies == "127.0.0.1,::1,10.0.0.0/8"
    assert Settings.from_env({"DYNO": "web.1", "TRUSTED_PROXIES": "127.0.0.1"}).trusted_proxies == "127.0.0.1"
