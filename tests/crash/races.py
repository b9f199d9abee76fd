"""What another process does, whole and acknowledged, between two steps of one that works."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from jobs.campaigns import send
from jobs.gateway.simulator.book import Arrival
from jobs.models import CampaignStatus, Intent
from tests import oracle
from tests.crash.faults import Trouble
from tests.crash.steps import Interruption, Life, Moment
from tests.crash.stories import LISTED, SEND, list_phone, tell
from tests.crash.world import World

OVER = {CampaignStatus.FINISHED, CampaignStatus.NEEDS_DECISION, CampaignStatus.REJECTED}


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody who comes between. From the step `last_look` on the sender may be too far to be held back."""

    name: str
    acts: Callable[[World], None]
    ends: set[CampaignStatus]
    last_look: str = ""
    """'' where nothing of what is sent is against the rival's will."""

    def __str__(self) -> str:
        return self.name


def _tells(intent: Intent) -> Callable[[World], None]:
    return lambda world: tell(intent)(world, world.desk())


def _pauses_and_resumes(world: World) -> None:
    for intent in (Intent.PAUSE, Intent.RUN):
        tell(intent)(world, world.desk())


def _sends(world: World) -> None:
    send.send(world.desk(), f"{world.campaign_id}-1")


_UNSURE = CampaignStatus.NEEDS_DECISION
"""The gateway's answer was lost, or it was frozen over."""
RIVALS = (
    Rival("another_sender", _sends, OVER),
    Rival("a_stop", _tells(Intent.STOP), {CampaignStatus.STOPPED, _UNSURE}, "submissions leave"),
    Rival("a_cancel", _tells(Intent.CANCEL), {CampaignStatus.CANCELLED, _UNSURE}, "submissions leave"),
    Rival("a_pause", _tells(Intent.PAUSE), {CampaignStatus.PAUSED, *OVER}, "submissions leave"),
    Rival("a_pause_and_a_resume", _pauses_and_resumes, OVER),
    Rival("a_do_not_dial_request", list_phone, OVER, "submissions move"),
)


def race(url: str, trouble: Trouble, rival: Rival, at: int, moment: Moment) -> list[str]:
    """One race with a sender; the steps that it took."""
    with World(url, read_s=trouble.read_s, within=timedelta(minutes=2)) as world:
        SEND.prepare(world)
        trouble.befall(world.simulator, SEND.asks)
        acknowledged: list[int] = []

        def happens() -> None:
            rival.acts(world)
            acknowledged.append(len(world.simulator.truth.arrivals))

        life = Life([Interruption(at, moment, happens)])
        SEND.act(world, world.desk(life))
        world.recover()
        world.wait_for_gateway()
        seen = life.steps[: at + (moment is Moment.AFTER)]
        for count in acknowledged:
            late = [each for each in world.simulator.truth.arrivals[count:] if each.option == "new_campaign"]
            assert not late or rival.last_look in seen or not _is_against(world, rival, late)
        oracle.check(world.redis, world.simulator, world.judged_by)
        assert oracle.unfinished(world.redis) == []
        assert not acknowledged or world.status in rival.ends, world.status
    return life.steps


def _is_against(world: World, rival: Rival, late: list[Arrival]) -> bool:
    """Whether a submission that began after the rival's request was acknowledged is one that it forbids."""
    if rival.acts is list_phone:
        sessions = {each.session_id for each in late}
        return any(LISTED in each.phones for each in world.simulator.truth.sessions if each.id in sessions)
    return bool(rival.last_look)
