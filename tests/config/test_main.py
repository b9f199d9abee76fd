import io
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial

import pytest
from redis import Redis
from rich.console import Console

from config.__main__ import Verdict, ask_gateway, report
from jobs.gateway.simulator import Simulator
from tests.servers import RedisServer, free_port

COMPLETE = {"GATEWAY_UID": "you@example.com", "GATEWAY_PASSWORD": "https://hush"}


def reported(env: Mapping[str, str]) -> tuple[Verdict, str]:
    text = io.StringIO()
    return report(env, Console(file=text, width=200, markup=False, highlight=False)), text.getvalue()


def test_a_good_environment_is_shown_without_its_secrets() -> None:
    with RedisServer(appendonly=True, flags=("--requirepass", "hunter22")) as server:
        verdict, text = reported(COMPLETE | {"REDIS_URL": server.url.replace("//", "//:hunter22@")})
    assert verdict is Verdict.GOOD
    assert "Redis answers: valkey 9" in text
    assert f"redis://127.0.0.1:{server.port}/0" in text
    assert "Durability: strict: nothing is sent before" in text
    assert "warning" not in text
    assert "hush" not in text
    assert "hunter22" not in text


def test_further_accounts_are_shown_by_name_alone(redis_server: RedisServer, redis: Redis) -> None:
    accounts = {"GATEWAY_ACCOUNTS": '{"west": {"uid": "west@example.com", "password": "hush hush"}, "east": {}}'}
    verdict, text = reported(COMPLETE | {"REDIS_URL": redis_server.url} | accounts)
    assert verdict is Verdict.UNUSABLE
    assert "east.uid: Field required" in text
    accounts = {"GATEWAY_ACCOUNTS": accounts["GATEWAY_ACCOUNTS"].replace(', "east": {}', "")}
    verdict, text = reported(COMPLETE | {"REDIS_URL": redis_server.url} | accounts)
    assert verdict is Verdict.FORGETFUL
    assert "GATEWAY_ACCOUNTS" in text
    assert "west" in text
    assert "hush" not in text
    assert "west@example.com" not in text


def test_a_forgetful_server_and_a_misspelt_variable_are_warnings(redis_server: RedisServer, redis: Redis) -> None:
    verdict, text = reported(COMPLETE | {"REDIS_URL": redis_server.url, "WORKERS_CAMPAIGN": "3"})
    assert verdict is Verdict.FORGETFUL
    assert "append-only file is off" in text
    assert "did you mean WORKERS_CAMPAIGNS?" in text


def test_missing_credentials_and_a_missing_server_are_problems() -> None:
    verdict, text = reported({"REDIS_URL": f"redis://:hunter22@127.0.0.1:{free_port()}"})
    assert verdict is Verdict.UNUSABLE
    assert text.count("problem:") == 3
    assert "hunter22" not in text


def test_an_evicting_server_is_a_problem() -> None:
    with RedisServer(appendonly=True, flags=("--maxmemory-policy", "allkeys-lru")) as server:
        verdict, text = reported(COMPLETE | {"REDIS_URL": server.url})
    assert verdict is Verdict.UNUSABLE
    assert "problem: maxmemory-policy is allkeys-lru" in text


def test_a_server_that_offers_less_than_is_asked_for_is_a_problem(redis_server: RedisServer, redis: Redis) -> None:
    verdict, text = reported(COMPLETE | {"REDIS_URL": redis_server.url, "DURABILITY": "strict"})
    assert verdict is Verdict.UNUSABLE
    assert "DURABILITY asks for strict, and the server offers best_effort" in text


def test_a_forgetful_server_that_was_asked_for_is_good_enough(redis_server: RedisServer, redis: Redis) -> None:
    verdict, text = reported(COMPLETE | {"REDIS_URL": redis_server.url, "DURABILITY": "best_effort"})
    assert verdict is Verdict.GOOD
    assert "warning: the append-only file is off" in text


def test_the_command_ends_with_the_verdict(redis_server: RedisServer, redis: Redis) -> None:
    env = {"PATH": os.environ["PATH"], **COMPLETE, "REDIS_URL": redis_server.url}
    command = [sys.executable, "-m", "config", "check"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == Verdict.FORGETFUL
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []


def test_the_command_ends_with_1_and_every_problem_of_the_environment() -> None:
    env = os.environ | {"LEAD_S": "soon", "GATEWAY_URL": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-m", "config", "check"], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "LEAD_S" in done.stdout
    assert "GATEWAY_URL" in done.stdout


def gateway_env(redis_server: RedisServer, simulator: Simulator, password: str) -> dict[str, str]:
    account = {"GATEWAY_UID": "demo", "GATEWAY_PASSWORD": password, "GATEWAY_URL": simulator.base_url}
    return {"PATH": os.environ["PATH"], "REDIS_URL": redis_server.url, "DURABILITY": "best_effort", **account}


NOT_TAKEN = (
    "problem: the gateway account default: the gateway does not take these credentials: c_uid or c_password: invalid. "
    "What to do: compare GATEWAY_UID and GATEWAY_PASSWORD with what opens the vendor's website.\n"
)


@pytest.mark.parametrize(
    ("password", "verdict", "said"),
    [
        ("demo", Verdict.GOOD, "The gateway takes the credentials of the account default."),
        ("wrong", Verdict.UNUSABLE, NOT_TAKEN),
    ],
)
def test_the_gateway_is_asked_when_somebody_wants_that(
    redis_server: RedisServer, redis: Redis, password: str, verdict: Verdict, said: str
) -> None:
    with Simulator() as simulator:
        env = gateway_env(redis_server, simulator, password)
        text = io.StringIO()
        console = Console(file=text, width=300, markup=False, highlight=False)
        assert report(env, console, ask=partial(ask_gateway, env)) is verdict
        assert said in text.getvalue()
        assert [each.option for each in simulator.truth.arrivals] == ["user_verify"]
        assert "--gateway asks it." in reported(env)[1]
        assert len(simulator.truth.arrivals) == 1
