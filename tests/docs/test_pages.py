"""The pages say what the code does: nothing that they name may be missing, and no table may drift."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, variables
from docs import settings, timetable
from jobs.cli.app import COMMANDS, GROUPS
from jobs.cli.exits import Exit
from jobs.models import FINAL_STATUSES, CampaignStatus
from jobs.models.scopes import Scope
from scheduler.agenda import Missed
from web.problems import Kind

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ON_CALL = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

LINK = re.compile(r"""(?:\]\(|src=")(?!\w+:)([^)#\s"]*)(?:#([^)\s]+))?[)"]""")


def pages() -> list[Any]:
    return [pytest.param(page, id=page.name) for page in PAGES]


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), anchor


def test_no_page_is_an_orphan() -> None:
    hubs = {ROOT / "README.md", ROOT / "docs" / "house.md"}
    links = ((hub, path) for hub in hubs for path, _ in LINK.findall(hub.read_text(encoding="utf-8")))
    linked = {(hub.parent / path).resolve() for hub, path in links}
    assert [page.name for page in PAGES if page not in linked | hubs] == []


def anchors(text: str) -> set[str]:
    """What a heading is called in a link: lower case, blanks as dashes, and without punctuation."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages())
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bpython -m jobs ([a-z-]+)", text)) <= {*COMMANDS, *GROUPS}
    assert set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", text)) <= set(targets)
    for module in re.findall(r"\bpython -m ([a-z][\w.]*)", text):
        assert find_spec(module.rstrip(".")), module


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    assert settings.PAGE.read_text(encoding="utf-8") == settings.page(), "run: python -m docs.settings"
    assert all(f"| `{variables(name)[0]}` |" in settings.page() for name in Settings.model_fields)


@pytest.mark.parametrize("page", pages())
def test_every_variable_that_is_named_is_read(page: Path) -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page.read_text(encoding="utf-8")))
    assert named <= {variable for name in Settings.model_fields for variable in variables(name)} | NOT_OURS


NOT_OURS = {"NO_COLOR", "CONFORMANCE_GATEWAY_URL"}


def test_the_picture_of_states_has_every_status_and_ends_where_nothing_changes_any_more() -> None:
    (picture,) = re.findall(r"stateDiagram-v2\n(.*?)```", README, re.DOTALL)
    assert set(re.findall(r"\w+", re.sub(r":.*", "", picture))) == set(CampaignStatus)
    assert set(re.findall(r"(\w+) --> \[\*\]", picture)) == FINAL_STATUSES


def test_a_script_finds_every_exit_code() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in Exit]


def test_the_person_on_call_finds_every_status_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", ON_CALL, re.MULTILINE))
    assert rows == {status.value: status.sentence for status in CampaignStatus}


def test_every_log_line_that_the_person_on_call_may_see_is_written_somewhere() -> None:
    events = {
        event for row in re.findall(r"^\| log (.*?) \|", ON_CALL, re.MULTILINE) for event in re.findall(r"`(\w+)`", row)
    }
    rooms = [path for room in ("worker", "jobs", "scheduler", "web", "config") for path in (ROOT / room).rglob("*.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in rooms)
    assert events
    assert [event for event in events if f'"{event}"' not in sources] == []


def test_the_page_of_the_intake_has_every_problem_and_every_scope() -> None:
    text = (ROOT / "docs" / "intake.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(/v1/problems/.*?)` \| (\d+) \| (.*)\. \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(kind.path, str(kind.status), kind.title, kind.todo) for kind in Kind]
    assert {scope.value for scope in Scope} <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_each_example_has_a_key_of_its_own_so_that_one_may_be_run_after_another() -> None:
    examples = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "examples").glob("*submit.*"))]
    keys = [re.findall(r"\b(?:key|Idempotency-Key)\W+(reminders-[\w-]+)", text) for text in examples]
    assert len({key for (key,) in keys}) == len(examples) == 5


def test_the_page_of_the_scheduler_has_the_timetable_and_its_rules() -> None:
    text = timetable.PAGE.read_text(encoding="utf-8")
    assert text == timetable.page(text), "run: python -m docs.timetable"
    assert all(f"| `{rule}` | {rule.sentence} |" in text for rule in Missed)
