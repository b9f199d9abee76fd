"""The result as Markdown, and its place on the page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from benchmarks.faults.script import MISHAPS
from benchmarks.faults.systems import System
from benchmarks.faults.verdicts import DUPLICATES, FALSE_STATES, LOSSES, Score, Verdict
from docs.figures import put_between

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
put_on_page = partial(put_between, BEGIN, END)

Result = tuple[System, Score]

_RATES = {
    "duplicates": DUPLICATES,
    "losses": LOSSES,
    "false states": FALSE_STATES,
    "held for a person": {Verdict.HELD},
    "failed, and said so": {Verdict.FAILED},
}


def rates(results: Sequence[Result]) -> str:
    """A row for each system, per 1,000 faults."""
    rows = [
        [system.name, system.way, *(f"{score.rate(verdicts):.0f}" for verdicts in _RATES.values())]
        for system, score in results
    ]
    return _table(["per 1,000 faults", "set up with", *_RATES], rows)


def by_fault(results: Sequence[Result]) -> str:
    """A row for each mishap, a column for each system: what became of the campaigns that it befell."""
    names = [mishap.name for mishap in MISHAPS]
    rows = [[_with_count(name, results), *(_ends(score.verdicts.get(name)) for _, score in results)] for name in names]
    return _table(["what befell the campaign", *(system.name for system, _ in results)], rows)


def held(results: Sequence[Result]) -> str:
    """What was behind the campaigns that were held for a person."""
    return " ".join(
        f"Of the {score.count({Verdict.HELD})} campaigns that {system.name} held for a person, "
        f"the gateway had taken {score.held_and_taken}."
        for system, score in results
        if score.count({Verdict.HELD})
    )


def _with_count(name: str, results: Sequence[Result]) -> str:
    _, score = results[0]
    return f"{name} ({score.verdicts.get(name, Counter()).total()})"


def _ends(verdicts: Counter[Verdict] | None) -> str:
    """`12 twice, 2 right`, the most frequent first; the word alone where all ended alike."""
    if not verdicts:
        return ""
    if len(verdicts) == 1:
        return str(next(iter(verdicts)))
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [list(head), *map(list, rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
