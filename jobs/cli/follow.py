"""Watching a campaign until something is so. Looking changes nothing: a campaign goes on with or without."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import typer
from redis import Redis
from redis.exceptions import RedisError
from rich.console import RenderableType
from rich.live import Live

from jobs.campaigns.control import known
from jobs.cli.exits import Exit
from jobs.cli.invocation import Invocation
from jobs.cli.pictures import NOBODY_AT_WORK, progress_picture
from jobs.cli.shown import PROGRAM, commands
from jobs.documents import rests
from jobs.models import CampaignStatus, CampaignView
from jobs.outcomes.cases import read_cases
from jobs.outcomes.courses import course_of
from jobs.ringing.queues import is_anybody_at_work

EVERY_S = 0.5
OUTAGE_S = 300.0
"""How long Redis may be away while somebody watches; restarts and failovers are shorter."""


def has_come_to_rest(redis: Redis, campaign: CampaignView, now: datetime) -> bool:
    """Whether there is nothing to wait for but a person. What is unknown may be sent again, or withdrawn, by itself."""
    if campaign.status is not CampaignStatus.NEEDS_DECISION:
        is_at_rest = campaign.status.is_final or campaign.status is CampaignStatus.PAUSED
        return is_at_rest or any(each.needs_person(now) for each in rests.of_campaign(redis, campaign))
    in_doubt = read_cases(redis, campaign.id)  # none: it has moved on since the campaign was read
    return bool(in_doubt) and not any(course_of(each, now).ends_doubt for each in in_doubt)


def status_line(campaign: CampaignView) -> str:
    """The status and what it means, and where to read on while it may take minutes until something happens."""
    said = f"{campaign.status}: {campaign.status.sentence}"
    if campaign.status is not CampaignStatus.NEEDS_DECISION:
        return said
    return f"{said} It is looked for; see {PROGRAM} unknowns {campaign.id}"


def follow(
    invocation: Invocation,
    campaign_id: str,
    *,
    until: Callable[[CampaignView], bool] | None = None,
    picture: Callable[[CampaignView], RenderableType] = progress_picture,
    line: Callable[[CampaignView], str] = status_line,
) -> CampaignView:
    """Show how a campaign comes on until `until`, or until it has come to rest; a Ctrl-C ends the watching with exit
    130, and nothing else. What moves is drawn as `picture`; where nothing can move, `line` is said whenever it is
    another.
    """
    until = until or (lambda campaign: has_come_to_rest(invocation.redis, campaign, invocation.clock()))
    if not until(known(invocation.redis, campaign_id)) and not is_anybody_at_work(invocation.redis):
        invocation.note(NOBODY_AT_WORK)
    try:
        with _showing(invocation, picture, line) as show:
            return _wait(invocation.redis, campaign_id, until, show)
    except KeyboardInterrupt:
        invocation.err.print("Stopped watching; that changes nothing.")
        invocation.err.print(commands(("look again", f"show {campaign_id}"), ("end it", f"stop {campaign_id}")))
        raise typer.Exit(Exit.INTERRUPTED) from None


def _wait(
    redis: Redis, campaign_id: str, until: Callable[[CampaignView], bool], show: Callable[[CampaignView], None]
) -> CampaignView:
    seen_at = time.monotonic()
    while True:
        try:
            campaign = known(redis, campaign_id)
            show(campaign)
            is_done = until(campaign)
        except RedisError:
            if time.monotonic() - seen_at > OUTAGE_S:
                raise
        else:
            seen_at = time.monotonic()
            if is_done:
                return campaign
        time.sleep(EVERY_S)


@contextmanager
def _showing(
    invocation: Invocation,
    picture: Callable[[CampaignView], RenderableType],
    line: Callable[[CampaignView], str],
) -> Iterator[Callable[[CampaignView], None]]:
    """Bars on a terminal; elsewhere lines."""
    if invocation.as_json:
        yield lambda _: None
    elif invocation.shows_progress:
        with Live(console=invocation.err, transient=True, auto_refresh=False) as live:
            yield lambda campaign: live.update(picture(campaign), refresh=True)
    else:
        yield _Changes(invocation, line)


class _Changes:
    """Says a campaign's line when it is another than before."""

    def __init__(self, invocation: Invocation, line: Callable[[CampaignView], str]) -> None:
        self._invocation = invocation
        self._line = line
        self._said = ""

    def __call__(self, campaign: CampaignView) -> None:
        if (line := self._line(campaign)) != self._said:
            self._said = line
            self._invocation.err.print(line)
