"""What holds for the repository as a whole, and would drift if nobody looked."""

import inspect
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from rq.utils import import_attribute

from config.queues import QUEUES
from config.settings import Settings
from worker.supervisor import slots

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
EVERY_LOCK = (*LOCKS, "requirements-fuzz.txt")

ENTRY_POINTS = {
    "jobs.entrypoints.submit_campaign": ("campaign", "key"),
    "jobs.entrypoints.send_submissions": ("submission_ids",),
    "jobs.entrypoints.control_campaign": ("campaign_id", "verb", "why"),
    "jobs.entrypoints.refresh_campaigns": ("campaign_ids", "submission_ids"),
    "jobs.entrypoints.settle_submissions": ("submission_ids",),
    "jobs.entrypoints.call_status": ("question_id",),
    "jobs.entrypoints.reconcile_day": ("day",),
    "jobs.entrypoints.keep_house": (),
    "jobs.entrypoints.note_balances": ("accounts",),
    "jobs.entrypoints.reconcile_account": ("account", "day"),
    "jobs.entrypoints.end_campaigns": ("campaign_ids",),
    "jobs.entrypoints.deliver_webhooks": ("names",),
}
"""A wire format: jobs with these names and keywords lie in queues, and other systems write them. Add, never rename."""

# Each is spelt so that it does not find itself.
OF_ONE_MACHINE = re.compile(r"/[h]ome/\w|/[U]sers/\w|/[r]oot\b|\b[A-Z]:\\+[U]sers\b")
OF_ONE_REGISTRY = re.compile(
    r"py[p]i|python[h]osted|[a]rtifactory|(?<!-no-emit-)(?:[i]ndex-url|[f]ind-links)", re.IGNORECASE
)


def test_no_model_repeats_what_it_could_not_read() -> None:
    """An error of pydantic's holds the value, and a traceback is in the log: it may be a phone or a secret."""
    rooms = [path for room in ("config", "jobs", "web") for path in (ROOT / room).rglob("*.py")]
    models = {
        cls for path in rooms if "simulator" not in path.parts and "__main__" not in path.name for cls in _models(path)
    }
    assert len(models) > 10
    assert [each.__name__ for each in models if not each.model_config.get("hide_input_in_errors")] == []


def _models(path: Path) -> Iterator[type[BaseModel]]:
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, BaseModel) and found.__module__ == module.__name__:
            yield found


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of the repository, tracked or about to be: what git ignores is left out, git itself not needed."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        yield from files(path) if path.is_dir() else [path]


def texts() -> list[Any]:
    """All of them but pictures, and locks, whose hashes may spell anything; each named by its path from the root."""
    found = [path for path in files() if path.name not in EVERY_LOCK and path.suffix != ".png"]
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in found]


@pytest.mark.parametrize("path", texts())
def test_no_file_knows_a_machine_or_a_registry(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not OF_ONE_MACHINE.findall(text)
    assert not OF_ONE_REGISTRY.findall(text)


@pytest.mark.parametrize("lock", EVERY_LOCK)
def test_a_lock_has_a_pin_and_hashes_for_each_package_and_nothing_else(lock: str) -> None:
    pin = r"[a-z0-9-]+==[\w.]+(?: ; [^\n\\@/]+?)?"
    hashes = r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
    assert re.fullmatch(f"(?:{pin}{hashes}\n)+", (ROOT / lock).read_text())


def test_what_is_tested_is_what_production_installs() -> None:
    production, development = ((ROOT / lock).read_text() for lock in LOCKS)
    assert pins(production).items() <= pins(development).items()


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))


def test_the_locks_cover_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    production, development = (pins((ROOT / lock).read_text()) for lock in LOCKS)
    assert {name_of(each) for each in project["dependencies"]} <= production.keys()
    assert {name_of(each) for each in project["optional-dependencies"]["dev"]} <= development.keys()


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=]", requirement)[0]


def test_every_dependency_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    dependencies = [line for line in lines if re.match(r'\s+"[\w\[\]-]+[<>=]{2}', line)]
    assert len(dependencies) >= 15
    assert not [line for line in dependencies if not re.search(r",\s+# \S", line)]


def test_make_empties_no_environment_that_somebody_else_made() -> None:
    """A worker may be running from the one that the README has people make."""
    asked = ["make", "--dry-run", "--always-make", "demo", "bench-faults"]
    environment = {"PATH": os.environ["PATH"]}  # this may itself have been started by make
    said = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    emptied = {Path(each).name for each in re.findall(r'-m venv --clear "(.*?)"', said)}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    made_by_hand = set(re.findall(r"-m venv (\S+)", readme))
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert emptied == {".venv-dev", ".venv-faults"}
    assert made_by_hand == {".venv"}
    assert {f"{name}/" for name in emptied | made_by_hand} <= set(ignored)


def test_every_process_of_the_procfile_is_a_room_with_a_door() -> None:
    commands = re.findall(
        r"^(\w+): python -m (\w+)(?: --host 0\.0\.0\.0)?$", (ROOT / "Procfile").read_text(), re.MULTILINE
    )
    assert len(commands) == len((ROOT / "Procfile").read_text().splitlines())
    for process, room in commands:
        assert process == room
        assert find_spec(f"{room}.__main__")


def test_every_queue_is_served() -> None:
    assert {slot.queue for slot in slots(Settings())} == set(QUEUES)


@pytest.mark.parametrize("dotted", ENTRY_POINTS)
def test_an_entry_point_keeps_its_name_and_its_keywords(dotted: str) -> None:
    parameters = inspect.signature(import_attribute(dotted)).parameters.values()
    assert tuple(each.name for each in parameters) == ENTRY_POINTS[dotted]
    assert {each.kind for each in parameters} <= {inspect.Parameter.KEYWORD_ONLY}
