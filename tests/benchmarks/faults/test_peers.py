"""The others' environment, as far as it can be looked at from here."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "benchmarks" / "faults"


def test_the_lock_has_a_pin_and_hashes_for_each_package_and_nothing_else() -> None:
    pin = r"[a-z0-9-]+==[\w.]+(?: ; [^\n\\@/]+?)?"
    hashes = r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
    assert re.fullmatch(f"(?:{pin}{hashes}\n)+", (FOLDER / "requirements.txt").read_text())


def test_rq_alone_is_the_rq_that_dropline_stands_on() -> None:
    ours, theirs = (path.read_text() for path in (FOLDER.parents[1] / "requirements.txt", FOLDER / "requirements.txt"))
    (pin,) = re.findall(r"^rq==\S+", ours, re.MULTILINE)
    assert pin in theirs


def test_peers_share_no_code_with_dropline() -> None:
    sources = [path.read_text() for path in sorted((FOLDER / "peers").glob("*.py"))]
    assert len(sources) == 5
    assert not [source for source in sources if re.search(r"^(?:from|import) (?:jobs|config|worker)\b", source, re.M)]
