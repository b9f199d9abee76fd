"""The ledger is proved twice: on a fake that is quick, and on a real server that is right."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from jobs.ledger import campaigns
from jobs.models import ExcludedRow, Terms

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="March")


@pytest.fixture(params=["fake_redis", pytest.param("redis", id="real_redis")])
def ledger(request: pytest.FixtureRequest) -> Redis:
    """A connection to an empty ledger."""
    connection: Redis = request.getfixturevalue(request.param)
    return connection


class Retransmitting(Redis):
    """A connection on which every script reaches the server twice, as when a reply is lost and redis-py repeats it."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        if arguments[0] == "EVALSHA":
            super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]


def new_campaign(
    *chunks: Sequence[str], campaign_id: str = "bcdf", key: str = "march", due_at: datetime = NOW
) -> campaigns.NewCampaign:
    """A campaign with these phones in each submission, and one row that was left out."""
    return campaigns.NewCampaign(
        id=campaign_id,
        key=key,
        fingerprint={"recipients": "r", "title": "t"},
        terms=TERMS,
        rows=sum(map(len, chunks)) + 1,
        chunks=chunks,
        excluded=[ExcludedRow(7, "not a phone", "not_a_number")],
        due_at=due_at,
    )


def taken(ledger: Redis, *chunks: Sequence[str], due_at: datetime = NOW) -> str:
    """The id of a campaign that is in the ledger."""
    new = new_campaign(*chunks, due_at=due_at)
    return campaigns.take(ledger, new, now=NOW, keep_key=timedelta(days=180)).campaign_id
