"""The comparison at the end. Law of the room: all it takes from Dropline is the results that a person gets."""

import csv
import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Audit:
    """Three who do not know each other: who made the list, who called, and who reports."""

    wanted: int
    """Phones on the list, as its maker counted them."""
    called: Counter[str] = field(repr=False)
    """How often the gateway took each phone."""
    reported: Counter[str] = field(repr=False)
    """How often each phone stands in the results."""
    delivered_called: int
    delivered_reported: int

    @property
    def missing(self) -> int:
        """Phones of the list that the gateway never got."""
        return max(0, self.wanted - len(self.called))

    @property
    def twice(self) -> int:
        """Phones that the gateway got more than once."""
        return sum(times > 1 for times in self.called.values())

    @property
    def agrees(self) -> bool:
        """Whether everybody was called once and reported as it was."""
        return (
            self.wanted == len(self.called)
            and not self.twice
            and self.called == self.reported
            and self.delivered_called == self.delivered_reported
        )


def audit(*, wanted: int, gateway_url: str, results: Path) -> Audit:
    """Compare the list's count, the gateway's own book, and the file of results."""
    sessions = list(_sessions(gateway_url))
    rows = list(_rows(results))
    return Audit(
        wanted=wanted,
        called=Counter(phone for session in sessions for phone in session["phones"]),
        reported=Counter(row["phone"] for row in rows),
        delivered_called=sum(session["counts"].get("delivered", 0) for session in sessions),
        delivered_reported=sum(row["state"] == "delivered" for row in rows),
    )


def calls_made(gateway_url: str) -> int:
    """How many calls the gateway has made by now."""
    return sum(int(session["calls_made"]) for session in _sessions(gateway_url, with_phones=False))


def _sessions(gateway_url: str, *, with_phones: bool = True) -> Iterator[dict[str, Any]]:
    url = f"{gateway_url.removesuffix('/gateway/')}/_simulator/sessions?phones={with_phones:d}"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # our own simulator, on loopback
        yield from json.load(answer)["sessions"]


def _rows(results: Path) -> Iterator[Mapping[str, str]]:
    with results.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
