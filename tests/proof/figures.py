"""The figures of a run, as Markdown, and their place on the page. Pure, but for writing the page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from docs.figures import put_between
from tests.proof.siege import Played

BEGIN = "<!-- Figures of `python -m tests.proof --write`, not to be edited by hand: begin -->"
END = "<!-- Figures: end -->"
put_on_page = partial(put_between, BEGIN, END)

CONFIDENCE_FACTOR = 3
"""The rule of three: of n independent trials without a failure, at 95 % confidence the chance of one is below 3/n,
because (1 - 3/n)^n is about 5 %."""


def table(rounds: Sequence[Played]) -> str:
    """What was done, and what came of it."""
    verdicts = [played.verdict for played in rounds]
    rows = [
        ("rounds, each with servers and workers of its own", len(rounds)),
        ("kills (moments; processes killed in them)", f"{kills(rounds)} ({_sum(p.killed_processes for p in rounds)})"),
        ("campaigns acknowledged", _sum(played.campaigns for played in rounds)),
        ("submissions", _sum(played.submissions for played in rounds)),
        ("phones", _sum(played.phones for played in rounds)),
        ("postbacks answered `OK`", _sum(played.postbacks for played in rounds)),
        ("**phones accepted more than once**", _sum(len(each.twice) for each in verdicts)),
        ("**campaigns lost**", _sum(len(each.lost) for each in verdicts)),
        ("**states that the gateway's book contradicts**", _sum(len(each.contradicted) for each in verdicts)),
        ("**submissions that started after a stop**", _sum(len(each.too_late) for each in verdicts)),
        ("sent again, because no complete listing showed it", _sum(played.sent_again for played in rounds)),
        ("sessions listed only after that, and stopped then", _late(rounds)),
        ("unknown for a while, settled without a person", _sum(played.settled for played in rounds)),
        ("unknown, held for a person", _held(rounds)),
    ]
    return _table(("", ""), rows)


def faults(rounds: Iterable[Played]) -> str:
    """What was done to them, the most frequent first."""
    total = sum((played.faults for played in rounds), Counter[str]())
    return _table(("what was done to it", "times"), [(kind, f"{count:,}") for kind, count in total.most_common()])


def bound(rounds: Sequence[Played]) -> str:
    """What so many kills support, and no more than that."""
    count = kills(rounds)
    if not count:
        return "Nothing was killed, so that nothing follows."
    if any(played.verdict.findings for played in rounds):
        return "The promise was broken; no bound is stated."
    return (
        f"{count} kills without a broken promise are no proof of its being unbreakable. They support a bound: at 95 % "
        f"confidence, the chance that such a kill breaks it is below {CONFIDENCE_FACTOR}/{count}, "
        f"which is {min(1, CONFIDENCE_FACTOR / count):.1%} (the rule of three)."
    )


def kills(rounds: Iterable[Played]) -> int:
    """Moments at which something was killed."""
    return sum(played.kills for played in rounds)


def _sum(counts: Iterable[int]) -> str:
    return f"{sum(counts):,}"


def _held(rounds: Sequence[Played]) -> str:
    held = _sum(played.held for played in rounds)
    return f"{held} ({_sum(played.held_and_taken for played in rounds)} of them taken by the gateway)"


def _late(rounds: Sequence[Played]) -> str:
    left = _sum(len(played.verdict.unstopped) for played in rounds)
    return f"{_sum(played.late for played in rounds)} ({left} of them not stopped)"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in cells)
