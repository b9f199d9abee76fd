"""`do-not-dial`: a change holds and is explained, a slip changes nothing, and no whole phone is shown."""

import json
import stat
from getpass import getuser
from pathlib import Path

import pytest
from redis import Redis

from jobs.campaigns.do_not_dial import screen
from jobs.cli.exits import Exit
from jobs.ledger import claims, pushes
from jobs.ledger import do_not_dial as lists
from jobs.models import SubmissionState
from tests.jobs.cli.conftest import NOW, PHONES, SEND, Ended, Run, move, newest_id, only_submission
from tests.servers import RedisServer

ANNA, BOB, CARL = PHONES
WHY = ("--why", "called and asked")


def listed(redis: Redis, account: str = "default") -> set[str]:
    return set(lists.numbers(redis, account))


def assert_masked(*ended: Ended) -> None:
    for each in ended:
        assert not [phone for phone in PHONES if phone in each.out + each.err or phone[-7:] in each.out + each.err]


def test_a_phone_that_is_added_is_on_the_list_and_the_gateway_is_being_told(run: Run, redis: Redis) -> None:
    added = run("do-not-dial", "add", "(617) 555-0123", "617.555.0124", *WHY)
    assert added.code == 0
    assert added.out.splitlines() == [
        "2 phones put on the do-not-dial list of account default, 0 already there.",
        "Nothing new is sent to them from this moment, and the gateway is being told.",
    ]
    assert listed(redis) == {ANNA, BOB}
    assert redis.llen("rq:queue:control") == 1
    assert_masked(added)


def test_on_a_server_that_can_say_so_it_is_on_the_disk_when_the_command_ends(run: Run) -> None:
    with RedisServer(appendonly=True) as server, Redis.from_url(server.url) as redis:
        assert run("do-not-dial", "add", ANNA, *WHY, env={"REDIS_URL": server.url}).code == 0
        assert redis.hexists("dropline:do-not-dial:default", "waited_at")
        assert run("do-not-dial", "add", BOB, *WHY, env={"REDIS_URL": server.url, "DURABILITY": "standard"}).code == 0


def test_a_phone_that_is_removed_is_off_the_list(run: Run, redis: Redis) -> None:
    run("do-not-dial", "add", ANNA, BOB, *WHY)
    removed = run("do-not-dial", "remove", ANNA, CARL, "--why", "asked to be called again", "--json")
    assert removed.code == 0
    assert (removed.document["changed"], removed.document["unchanged"]) == (1, 1)
    assert removed.document["list"]["numbers"] == 1
    assert listed(redis) == {BOB}


def test_the_name_is_the_user_s_unless_stated_and_the_reason_must_be(run: Run, redis: Redis) -> None:
    run("do-not-dial", "add", ANNA, *WHY)
    run("do-not-dial", "add", ANNA, *WHY, "--by", "dana")
    assert [each.asked.by for each in lists.history(redis, "default")] == [getuser(), "dana"]
    assert run("do-not-dial", "add", BOB).code == Exit.BAD_INPUT
    unexplained = run("do-not-dial", "add", BOB, "--why", " ")
    assert unexplained.code == Exit.BAD_INPUT
    assert "why: must be said in 1 to 300 printable characters" in unexplained.err
    assert listed(redis) == {ANNA}


def test_a_slip_in_one_phone_changes_nothing(run: Run, redis: Redis) -> None:
    refused = run("do-not-dial", "add", ANNA, "617-555-012", *WHY)
    assert refused.code == Exit.BAD_INPUT
    assert "•••-•••-•12: Digits are missing" in refused.err
    assert "This command has changed nothing." in refused.err
    assert listed(redis) == set()


@pytest.mark.parametrize("command", [("add", ANNA, *WHY), ("list",), ("history", ANNA)], ids=lambda each: each[0])
def test_a_slip_in_the_account_is_noticed_where_accounts_are_known(run: Run, redis: Redis, command: tuple[str]) -> None:
    url = redis.connection_pool.connection_kwargs
    env = {"REDIS_URL": f"redis://{url['host']}:{url['port']}/0", "GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "secret"}
    refused = run("do-not-dial", *command, "--account", "wets", env=env)
    assert refused.code == Exit.BAD_INPUT
    assert "no gateway account is named 'wets' here; there is: default" in refused.err
    assert run("do-not-dial", *command, "--account", "default:7").code == Exit.BAD_INPUT
    assert run("do-not-dial", *command, "--account", "wets").code == 0


def test_a_file_is_imported_and_its_bad_rows_are_shown_and_written(run: Run, redis: Redis, contacts: Path) -> None:
    rest = contacts.parent / "rest.csv"
    imported = run("do-not-dial", "import", contacts, *WHY, "--refused-to", rest)
    assert imported.code == Exit.ROWS_REFUSED
    assert "3 phones put on the do-not-dial list of account default, 1 already there." in imported.out
    assert listed(redis) == set(PHONES)
    assert [line.split(",")[0] for line in rest.read_text().splitlines()] == ["line", "4", "7"]
    (request, *_) = lists.history(redis, "default")
    assert request.asked.source == contacts.name
    assert_masked(imported)
    again = run("do-not-dial", "import", contacts, *WHY, "--json")
    counts = {"rows": 6, "changed": 0, "unchanged": 4, "refused": 2, "refused_lines": [4, 7]}
    assert {name: again.document[name] for name in counts} == counts


def test_a_file_that_cannot_be_read_to_its_end_changes_nothing(run: Run, redis: Redis, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("phone\n" + "6175550123\n" * 600 + '"never closed\n')
    refused = run("do-not-dial", "import", broken, *WHY)
    assert refused.code == Exit.BAD_INPUT
    assert listed(redis) == set()


def test_the_list_says_how_long_it_is_and_what_the_gateway_has_confirmed(run: Run, redis: Redis) -> None:
    assert run("do-not-dial", "list").out == "No account has a do-not-dial list yet.\n"
    run("do-not-dial", "add", ANNA, BOB, *WHY)
    run("do-not-dial", "add", CARL, *WHY, "--account", "west")
    push = pushes.next_push(redis, "default", most=9)
    assert push is not None
    pushes.confirm(redis, "default", push, now=NOW, again_at=NOW)
    pushes.note_trouble(redis, "west", "the gateway was not reached")
    shown = run("do-not-dial", "list")
    next_try = "The next try is at 2026-03-02 10:00:30 Eastern (15:00:30 UTC)."
    assert f"west: the gateway was not reached. {next_try}" in " ".join(shown.out.split())
    found = run("do-not-dial", "list", "--json").document["lists"]
    counts = [(each["account"], each["numbers"], each["unconfirmed"], each["confirmed_at"]) for each in found]
    assert counts == [("default", 2, 0, "2026-03-02T15:00:00Z"), ("west", 1, 1, None)]
    assert run("do-not-dial", "list", "--account", "west", "--json").document["lists"] == found[1:]
    assert_masked(shown)


def test_whole_phones_leave_by_the_export_alone(run: Run, redis: Redis, tmp_path: Path) -> None:
    run("do-not-dial", "add", *PHONES, *WHY)
    target = tmp_path / "list.csv"
    exported = run("do-not-dial", "list", "--export", target)
    assert target.read_text().split() == ["phone", *PHONES]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "3 phones written to" in exported.out
    assert_masked(exported)


def test_the_history_says_who_wanted_what_when_and_why(run: Run) -> None:
    run("do-not-dial", "add", ANNA, "--why", f"{ANNA} called", "--by", "dana")
    run("do-not-dial", "remove", ANNA, "--why", "a mistake", "--by", "eve")
    shown = run("do-not-dial", "history", "617-555-0123")
    assert "***0123 is not on the do-not-dial list of account default." in shown.out
    lines = shown.out.splitlines()[-2:]
    assert ["dana" in lines[0], "add" in lines[0], "eve" in lines[1], "remove" in lines[1]] == [True] * 4
    document = run("do-not-dial", "history", ANNA, "--json")
    assert (document.document["phone"], document.document["is_listed"]) == ("***0123", False)
    assert [each["by"] for each in document.document["requests"]] == ["dana", "eve"]
    assert_masked(shown, document)
    nobody = run("do-not-dial", "history", BOB)
    assert "Nobody ever asked for anything concerning it." in nobody.out
    assert run("do-not-dial", "history", "n/a").code == Exit.BAD_INPUT


def test_a_campaign_says_whom_it_leaves_out(run: Run, redis: Redis, contacts: Path) -> None:
    run("do-not-dial", "add", ANNA, *WHY)
    sent = run("send", contacts, *SEND, "--key", "march")
    assert "Left out, because it is on the account's do-not-dial list: 1 phone." in sent.out
    document = run("show", newest_id(redis), "--json").document
    assert (document["rows"], document["phones"], document["excluded"]) == (6, 2, 4)
    assert document["excluded_by_reason"]["do_not_dial"] == 1
    shown = run("show", newest_id(redis))
    assert "This number is on the account's do-not-dial list" in shown.out


def test_a_slip_in_a_campaign_s_account_is_noticed_too(run: Run, redis: Redis, contacts: Path) -> None:
    url = redis.connection_pool.connection_kwargs
    accounts = json.dumps({"west": {"uid": "w", "password": "secret"}})
    env = {"REDIS_URL": f"redis://{url['host']}:{url['port']}/0", "GATEWAY_ACCOUNTS": accounts}
    refused = run("send", contacts, *SEND, "--key", "march", "--account", "wets", env=env)
    assert refused.code == Exit.BAD_INPUT
    assert run("send", contacts, *SEND, "--key", "march", "--account", "west", env=env).code == 0


def test_who_was_taken_out_before_sending_is_shown_apart(run: Run, redis: Redis, campaign_id: str) -> None:
    run("do-not-dial", "add", BOB, *WHY)
    claims.claim(redis, f"{campaign_id}-1", attempt="a", now=NOW, until=NOW)
    screen(redis, "default", only_submission(redis, campaign_id), since=0, attempt="a")
    assert run("show", campaign_id, "--json").document["whereabouts"] == {"not_sent_yet": 2, "screened": 1}
    move(redis, campaign_id, SubmissionState.WITHDRAWN)
    assert run("show", campaign_id, "--json").document["whereabouts"] == {"withdrawn": 2, "screened": 1}
