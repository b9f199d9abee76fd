"""Rules and graphs name only what there is: a metric that is misspelt there is never missed by anybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.queues import QUEUES
from docs import dashboard, metrics
from jobs.campaigns.calling import CallEnd
from jobs.ledger.breaker import Cause
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.models import CampaignStatus, DropState, SubmissionState
from jobs.models.reports import DayReport
from jobs.outcomes.heard import QUARANTINED, Heard
from scheduler.timetable import TIMETABLE
from tests.docs.test_pages import ON_CALL, anchors, pages
from web.metrics.catalogue import METRICS
from web.metrics.metric import Kind
from web.postbacks import TurnedAway

ALERTS = Path(__file__).parents[2] / "docs" / "alerts.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]

FUNCTIONS = {"and", "by", "delta", "histogram_quantile", "increase", "on", "or", "rate", "sum", "time", "unless"}

LABELS = {
    each: {*metric.labels}
    for metric in METRICS
    for each in (
        [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
        if metric.kind is Kind.HISTOGRAM
        else [metric.name]
    )
} | {"up": {"job"}}  # Prometheus' own
"""The labels of everything that can be asked for, by its name."""

HISTOGRAMS = {metric.name for metric in METRICS if metric.kind is Kind.HISTOGRAM}

OWN_WORDS = {
    ("dropline_postbacks_total", "end"): {*Heard},
    ("dropline_drops", "state"): {*DropState},
}
"""What a label may say of one metric, where it says other things of others."""

WORDS = {
    "status": {*CampaignStatus},
    "state": {*SubmissionState},
    "set": {due.name.lower() for due in Due},
    "queue": {spec.name for spec in QUEUES},
    "lane": {*Lane},
    "end": {*CallEnd},
    "entry": {entry.name for entry in TIMETABLE},
    "finding": {*DayReport.model_fields},
    "cause": {*Cause, "person", "memory"},
    "why": {*TurnedAway},
    "job": {"dropline"},
}
"""What a label may say."""


def expressions() -> Iterator[Any]:
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for _, row in dashboard.ROWS:
        for panel in row:
            for number, (expression, _) in enumerate(panel.lines):
                yield pytest.param(expression, id=f"{panel.title} {number}")


@pytest.mark.parametrize("expression", [*expressions()])
def test_every_expression_asks_for_what_there_is(expression: str) -> None:
    asked = re.findall(r"([a-z_]+)\{([^}]*)\}", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) ?\([^)]*\)", " ", expression)
    names = set(re.findall(r"[a-z_]+", bare)) - FUNCTIONS
    assert names
    assert names <= LABELS.keys()
    assert all(bare.count(opened) == bare.count(closed) for opened, closed in ("()", "{}"))
    for name, matchers in asked:
        for label, said in re.findall(r'(\w+)(?:=|!=|=~|!~)"([^"]*)"', matchers):
            assert label in LABELS[name]
            assert set(said.split("|")) <= OWN_WORDS.get((name, label), WORDS[label])
    grouped = {label for labels in re.findall(r"\bby ?\(([^)]*)\)", expression) for label in labels.split(", ")}
    assert grouped <= {"le"}.union(*(LABELS[name] for name in names))


@pytest.mark.parametrize("page", pages())
def test_every_metric_that_a_page_names_is_told(page: Path) -> None:
    assert set(re.findall(r"`(dropline_\w+)", page.read_text(encoding="utf-8"))) <= LABELS.keys() | HISTOGRAMS


def test_every_kind_that_is_quarantined_and_every_refusal_of_ours_is_watched() -> None:
    """Whoever drips or hangs up is a stranger's trouble, not ours."""
    watched = "|".join(re.findall(r'dropline_postbacks_\w+{(?:end|why)=~?"([^"]*)"}', str(RULES))).split("|")
    ours = {*TurnedAway} - {TurnedAway.TOO_SLOW, TurnedAway.GONE}
    assert {*QUARANTINED, Heard.FAILED, *ours} <= set(watched)


def test_every_alert_says_what_to_do_and_where_the_rest_stands() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        notes = rule["annotations"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert len(notes["summary"]) > 40
        page, _, anchor = notes["on_call"].partition("#")
        assert page == "docs/on-call.md"
        assert anchor in anchors(ON_CALL)


def test_every_legend_names_labels_that_there_are() -> None:
    for _, row in dashboard.ROWS:
        for panel in row:
            for expression, legend in panel.lines:
                names = set(re.findall(r"[a-z_]+", expression)) & LABELS.keys()
                assert set(re.findall(r"{{(\w+)}}", legend)) <= set().union(*(LABELS[name] for name in names))


def test_what_is_written_from_code_is_not_stale() -> None:
    assert dashboard.PAGE.read_text(encoding="utf-8") == dashboard.page(), "run: python -m docs.dashboard"
    text = metrics.PAGE.read_text(encoding="utf-8")
    assert text == metrics.page(text), "run: python -m docs.metrics"
    assert all(f"| `{metric.name}` |" in text for metric in METRICS)
