"""The two errands that are run for every system, in its own environment: hand the campaigns in, and see what it says.

Law of the room: nothing but the standard library, because peers run without Dropline's dependencies.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CAMPAIGNS = "campaigns.json"
"""Phones by business key, in the order in which they are handed in."""
RECEIPTS = "receipts.json"
"""By business key, what the system needs to find the campaign again. Whoever has one was told that it is in."""
SAID = "said.json"
"""By business key what the system says in the end: `accepted`, `failed`, `unknown` or `open`."""

LOOK_EVERY_S = 1.0

MAY_CHANGE = frozenset({"open", "unknown"})
"""What no system has to leave it at: of what nobody knows, evidence may still come."""

HandIn = Callable[[Mapping[str, list[str]]], Mapping[str, str]]
"""Hands in campaigns, phones by key; answers receipts by key."""
Look = Callable[[str], str]
"""What the system says of the campaign of a receipt."""


def run(hand_in: HandIn, look: Look) -> None:
    """The command line of a system: `hand-in FOLDER`, or `look FOLDER PATIENCE_S`, which ends when all is at rest."""
    match sys.argv[1:]:
        case ["hand-in", folder]:
            _write(Path(folder) / RECEIPTS, hand_in(_read(Path(folder) / CAMPAIGNS)))
        case ["look", folder, patience_s]:
            receipts = _read(Path(folder) / RECEIPTS)
            _write(Path(folder) / SAID, wait_until_at_rest(receipts, look, patience_s=float(patience_s)))
        case _:
            sys.exit("hand-in FOLDER, or look FOLDER PATIENCE_S")


def wait_until_at_rest(
    receipts: Mapping[str, str], look: Look, *, patience_s: float, look_every_s: float = LOOK_EVERY_S
) -> dict[str, str]:
    """What is said of each key once all of it is final, or when there was no news for `patience_s`."""
    said, news_at = dict.fromkeys(receipts, "open"), time.monotonic()
    while MAY_CHANGE.intersection(said.values()) and time.monotonic() < news_at + patience_s:
        time.sleep(look_every_s)
        now = {key: _try(look, receipt) if said[key] in MAY_CHANGE else said[key] for key, receipt in receipts.items()}
        if now != said:
            said, news_at = now, time.monotonic()
    return said


def _try(look: Look, receipt: str) -> str:
    """While Redis is restarted there is nothing to see; the next look tells."""
    try:
        return look(receipt)
    except Exception as error:  # each library has its own
        print(f"looked in vain: {error!r}", file=sys.stderr)
        return "open"


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))
