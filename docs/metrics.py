"""Writes metrics and checks into docs/metrics.md from the code that has them: `python -m docs.metrics`."""

from collections.abc import Iterable
from pathlib import Path

from web.health import Check
from web.metrics.catalogue import CATALOGUE
from web.metrics.metric import Metric

PAGE = Path(__file__).with_suffix(".md")


def page(text: str) -> str:
    """The page with its tables as they must be."""
    checks = "| check of `/readyz` | when it is `false` |\n|---|---|\n"
    checks += "".join(f"| `{check}` | {check.sentence} |\n" for check in Check)
    text = _between(
        text, "<!-- checks, written by python -m docs.metrics -->\n", "<!-- until here: checks -->\n", checks
    )
    tables = "\n".join(_table(*part) for part in CATALOGUE.items())
    return _between(
        text, "<!-- metrics, written by python -m docs.metrics -->\n", "<!-- until here: metrics -->\n", tables
    )


def _between(text: str, begins: str, ends: str, written: str) -> str:
    before, rest = text.split(begins)
    return before + begins + written + ends + rest.split(ends)[1]


def _table(title: str, metrics: Iterable[Metric]) -> str:
    rows = "".join(map(_row, metrics))
    return f"### {title}\n\n| metric | labels | what it says |\n|---|---|---|\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    meaning = metric.meaning if metric.kind != "histogram" else f"{metric.meaning} A histogram."
    return f"| `{metric.name}` | {labels} | {meaning} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
