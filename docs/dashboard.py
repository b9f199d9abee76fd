"""Writes docs/dashboard.json, a dashboard for Grafana, from its panels as data: `python -m docs.dashboard`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_suffix(".json")

WIDTH, HEIGHT, COLUMNS = 8, 7, 3
"""Of a panel, on Grafana's grid of 24."""

SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: expressions, each with how its lines are called."""

    title: str
    lines: Sequence[tuple[str, str]]
    unit: str = "short"
    stacks: bool = False


def _quantiles(metric: str, by: str = "") -> list[tuple[str, str]]:
    """Half of them are below the first, nearly all below the second."""
    group, name = (f"le, {by}", f"{{{{{by}}}}} ") if by else ("le", "")
    found = f"sum by ({group}) (rate({metric}_bucket[$__rate_interval]))"
    return [(f"histogram_quantile({q}, {found})", f"{name}{q}") for q in ("0.5", "0.99")]


_OVER = "finished|stopped|cancelled|rejected|expired"

ROWS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "What needs somebody",
        (
            Panel(
                "Held back",
                [
                    ("dropline_sending_halted", "halted: {{cause}}"),
                    ("dropline_sending_doubted", "doubted"),
                    ("dropline_breaker_open", "{{account}}: {{cause}}"),
                    ("1 - dropline_scheduler_leads", "no scheduler"),
                ],
            ),
            Panel(
                "Decisions and doubt",
                [
                    ('dropline_campaigns{status="needs_decision"}', "campaigns that need a decision"),
                    ("dropline_in_doubt_submissions", "submissions in doubt"),
                ],
            ),
            Panel("The oldest doubt", [("dropline_in_doubt_oldest_seconds", "oldest")], "s"),
        ),
    ),
    (
        "Campaigns",
        (
            Panel("Campaigns under way", [(f'dropline_campaigns{{status!~"{_OVER}"}}', "{{status}}")], stacks=True),
            Panel("Submissions", [("dropline_submissions", "{{state}}")], stacks=True),
            Panel("Drops", [("dropline_drops", "{{state}}")], stacks=True),
        ),
    ),
    (
        "Gateway",
        (
            Panel(
                "Calls per second",
                [
                    (
                        "sum by (lane, end) (rate(dropline_gateway_calls_total[$__rate_interval]))",
                        "{{lane}}: {{end}}",
                    ),
                    (
                        "sum by (lane) (rate(dropline_calls_turned_away_total[$__rate_interval]))",
                        "{{lane}}: turned away",
                    ),
                ],
                "reqps",
            ),
            Panel("How long a call takes", _quantiles("dropline_gateway_call_duration_seconds", "lane"), "s"),
            Panel("How long a call waits for its slot", _quantiles("dropline_limiter_wait_seconds", "lane"), "s"),
            Panel("Balances", [("dropline_balance_messages", "{{account}}")]),
            Panel("Do-not-dial changes not confirmed", [("dropline_do_not_dial_unconfirmed", "{{account}}")]),
            Panel("End times: stops confirmed so late", _quantiles("dropline_end_lateness_seconds"), "s"),
        ),
    ),
    (
        "Postbacks",
        (
            Panel(
                "Postbacks per second",
                [("sum by (end) (rate(dropline_postbacks_total[$__rate_interval]))", "{{end}}")],
                "reqps",
                stacks=True,
            ),
            Panel("How late they come", _quantiles("dropline_postback_lag_seconds"), "s"),
            Panel(
                "Turned away per second",
                [("sum by (why) (rate(dropline_postbacks_turned_away_total[$__rate_interval]))", "{{why}}")],
                "reqps",
            ),
        ),
    ),
    (
        "Webhooks",
        (
            Panel("What waits to be told", [("dropline_webhook_waiting", "{{webhook}}")]),
            Panel("The oldest event not tried yet", [("dropline_webhook_oldest_seconds", "{{webhook}}")], "s"),
            Panel(
                "Receivers in trouble",
                [
                    ("dropline_webhook_untold", "{{webhook}}: given up"),
                    ("dropline_webhook_resting", "{{webhook}}: rests"),
                    ("dropline_webhook_off", "{{webhook}}: off"),
                ],
            ),
        ),
    ),
    (
        "Queues and clock",
        (
            Panel(
                "Jobs",
                [("dropline_queue_jobs", "{{queue}}: waiting"), ("dropline_failed_jobs", "{{queue}}: failed")],
            ),
            Panel("The oldest job", [("dropline_queue_oldest_seconds", "{{queue}}")], "s"),
            Panel("Workers", [("dropline_workers", "{{queue}}")]),
            Panel("What is due, and late", [("dropline_due_late_seconds", "{{set}}")], "s"),
            Panel("Lateness of the timetable", [("dropline_timetable_late_seconds", "{{entry}}")], "s"),
            Panel(
                "The last days beside the gateway",
                [("sum by (account, finding) (dropline_reconciled_sessions)", "{{account}}: {{finding}}")],
            ),
        ),
    ),
    (
        "Redis",
        (
            Panel(
                "Memory",
                [("dropline_redis_memory_bytes", "used"), ("dropline_redis_memory_limit_bytes", "limit")],
                "bytes",
            ),
            Panel("Connections", [("dropline_redis_connections", "open")]),
            Panel("How long a scrape takes", [("dropline_scrape_seconds", "scrape")], "s"),
        ),
    ),
)
"""What is on the dashboard: rows by their title."""


def dashboard() -> dict[str, Any]:
    """The whole of it, as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append({"type": "row", "title": title, "gridPos": {"h": 1, "w": 24, "x": 0, "y": top}})
        panels += [_panel(panel, place, top + 1) for place, panel in enumerate(row)]
        top += 1 + HEIGHT * -(-len(row) // COLUMNS)
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "title": "Dropline",
        "uid": "dropline",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


def _panel(panel: Panel, place: int, top: int) -> dict[str, Any]:
    at = {"x": place % COLUMNS * WIDTH, "y": top + place // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT}
    lines = enumerate(panel.lines)
    custom = {"fillOpacity": 20, "stacking": {"mode": "normal"}} if panel.stacks else {}
    return {
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": custom}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
            for number, (expression, legend) in lines
        ],
    }


def page() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
