"""`python -m tests.mutations`: switches off one protection after another and demands that its test notices.

Each is switched off in a copy of the checkout. A test that stays green without the line that it is there for proves
nothing; neither does one that fails for want of something else, so a run that ends with anything but failed tests
counts as not noticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import FIRST_FIND
from tests.mutations.protections import PROTECTIONS, Protection

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "jobs", "worker", "scheduler", "web", "tests", "benchmarks", "docs")
TESTS_FAILED = 1
"""pytest's exit code; others are for interrupted and unusable runs."""
PATIENCE_S = 300


def main() -> int:
    """0 when every protection that was switched off was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="those whose name holds this text")
    chosen = [each for each in PROTECTIONS if parser.parse_args().only in each.name]
    with tempfile.TemporaryDirectory(prefix="dropline-mutations-") as folder:
        unnoticed = [each for each in chosen if not _is_noticed(each, copy_to(Path(folder) / "checkout"))]
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} protections were noticed to be off")
    return 1 if unnoticed or not chosen else 0


def copy_to(folder: Path) -> Path:
    """What the tests need of the checkout, as it is now."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for room in ROOMS:
        if (ROOT / room).exists():
            shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*"):
        if file.is_file():
            shutil.copy(file, folder)
    return folder


def switch_off(protection: Protection, checkout: Path) -> None:
    """Write the file without the protection; raises ValueError where its line does not stand exactly once."""
    path = checkout / protection.file
    text = path.read_text()
    if text.count(protection.line) != 1:
        raise ValueError(f"{protection.name}: its line stands {text.count(protection.line)} times in {protection.file}")
    path.write_text(text.replace(protection.line, protection.off))


def _is_noticed(protection: Protection, checkout: Path) -> bool:
    switch_off(protection, checkout)
    options = ["-n", "0", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", FIRST_FIND]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, protection.test],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    noticed = ended.returncode == TESTS_FAILED
    print(f"{'noticed' if noticed else 'NOT NOTICED'}, when switched off: {protection.name}", flush=True)
    if not noticed:
        print(ended.stdout[-2_000:], flush=True)
    return noticed


if __name__ == "__main__":
    sys.exit(main())
