"""Errors in words: every field under the name it has on the command line, and every end under its code."""

import re

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from config.redis_connection import RedisUnreachable
from config.settings import InvalidSettings
from jobs.campaigns.control import CampaignIsOver, UnknownCampaign
from jobs.campaigns.sessions import CampaignIsHeld
from jobs.campaigns.take import KeyConflict
from jobs.cli.exits import Exit
from jobs.cli.failures import OPTIONS, failure_of, in_options
from jobs.models import InvalidCampaign, Problem, Terms
from tests.jobs.cli.conftest import ROOT


def test_every_field_that_a_problem_can_name_has_its_name_on_the_command_line() -> None:
    assert OPTIONS.keys() == {*Terms.model_fields, "key", "recipients", "excluded_to"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidCampaign((Problem("start", "lies in the past"),)), Exit.BAD_INPUT),
        (KeyConflict("bcdf", ("title", "recipients")), Exit.KEY_CONFLICT),
        (UnknownCampaign("no campaign bcdf"), Exit.NO_SUCH_CAMPAIGN),
        (CampaignIsOver("it is finished"), Exit.CAMPAIGN_IS_OVER),
        (CampaignIsHeld("it was told to stop"), Exit.CAMPAIGN_IS_HELD),
        (InvalidSettings(("REDIS_URL: is wrong",)), Exit.BAD_SETTINGS),
        (RedisUnreachable("nobody answers"), Exit.NO_REDIS),
        (RedisConnectionError("went away"), Exit.NO_REDIS),
    ],
)
def test_an_error_that_was_foreseen_has_its_exit_code(error: Exception, code: Exit) -> None:
    failure = failure_of(error)
    assert failure is not None
    assert failure.exit_code is code
    assert failure.document()["error"]["code"] == code


def test_a_fault_of_ours_is_not_dressed_up() -> None:
    assert failure_of(KeyError("x")) is None


def test_fields_are_called_as_the_command_line_calls_them() -> None:
    assert in_options(Problem("start", "lies in the past")) == "--at: lies in the past"
    found = Problem("", "give exactly one of audio_title, audio_url and audio_file; found none")
    assert in_options(found) == "give exactly one of --audio-title, --audio-url and --audio-file; found none"


def test_a_conflict_names_what_differs() -> None:
    failure = failure_of(KeyConflict("bcdf", ("audio_url", "recipients")))
    assert failure is not None
    assert failure.problems == ("--audio-url differs", "the contacts differ")
    assert failure.facts == {"campaign_id": "bcdf", "fields": ["audio_url", "recipients"]}


def test_an_id_that_is_a_phone_by_mistake_is_not_repeated() -> None:
    failure = failure_of(UnknownCampaign("no campaign 6175550123 is known here"))
    assert failure is not None
    assert "6175550123" not in str(failure.document())


def test_the_exit_codes_are_documented() -> None:
    table = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    assert rows == [(str(each.value), each.meaning) for each in Exit]
