"""An expected end in words: what happened, what was not lost, and what to do now."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from config.masking import mask_text
from config.redis_connection import RedisUnreachable
from config.settings import InvalidSettings
from jobs.campaigns.control import CampaignIsOver, UnknownCampaign
from jobs.campaigns.sessions import CampaignIsHeld
from jobs.campaigns.take import KeyConflict
from jobs.cli.exits import Exit
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown
from jobs.models import InvalidCampaign, Problem
from jobs.outcomes.cases import UnknownSubmission

NOTHING_SENT = "Nothing was stored and nothing was sent."
NOTHING_CHANGED = "This command has changed nothing."

OPTIONS: Mapping[str, str] = {
    "caller_id": "--caller-id",
    "excluded_to": "--excluded-to",
    "audio_title": "--audio-title",
    "audio_url": "--audio-url",
    "audio_type": "--audio-type",
    "audio_file": "--audio-file",
    "title": "--title",
    "start": "--at",
    "ends_at": "--ends-at",
    "expires_at": "--expires-at",
    "mobile_only": "--mobile-only",
    "when_unknown": "--when-unknown",
    "account": "--account",
    "key": "--key",
    "recipients": "the contacts",
}
"""What the fields of a campaign are called on the command line."""


_NOT_TOLD: Mapping[type[Exception], Exit] = {
    UnknownSubmission: Exit.NO_SUCH_CAMPAIGN,
    UnknownCampaign: Exit.NO_SUCH_CAMPAIGN,
    CampaignIsOver: Exit.CAMPAIGN_IS_OVER,
    CampaignIsHeld: Exit.CAMPAIGN_IS_HELD,
}


class Failure(Exception):
    """An end that was foreseen. `what` happened, `problems` one by one, what was `kept`, what `todo`."""

    def __init__(
        self,
        exit_code: Exit,
        what: str,
        *,
        problems: Sequence[str] = (),
        kept: str = "",
        todo: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(what)
        self.exit_code = exit_code
        self.what = what
        self.problems = tuple(problems)
        self.kept = kept
        self.todo = todo
        self.facts = dict(facts or {})

    def document(self) -> dict[str, Any]:
        """As JSON values, for programs."""
        stated = {"code": int(self.exit_code), "name": self.exit_code.name.lower(), "message": self.what}
        return {"error": {**stated, "problems": list(self.problems), "kept": self.kept, "todo": self.todo} | self.facts}


def failure_of(error: Exception) -> Failure | None:
    """The words for an error that was foreseen; None for a fault of ours."""
    match error:
        case Failure():
            return error
        case InvalidCampaign():
            what, problems = "the campaign cannot be sent like this", tuple(map(in_options, error.problems))
            return Failure(Exit.BAD_INPUT, what, problems=problems, kept=NOTHING_SENT)
        case KeyConflict():
            return _key_conflict(error)
        case UnknownCampaign() | UnknownSubmission() | CampaignIsOver() | CampaignIsHeld():
            return Failure(_NOT_TOLD[type(error)], mask_text(str(error)))
        case InvalidSettings():
            what = "the environment cannot be used"
            return Failure(Exit.BAD_SETTINGS, what, problems=error.problems, kept=NOTHING_CHANGED)
        case GatewayError():
            return _gateway_failure(error)
        case RedisUnreachable() | RedisError():
            return _without_redis(error)
        case _:
            return None


def redis_failure(error: RedisError, *, kept: str, todo: str, facts: Mapping[str, Any] | None = None) -> Failure:
    """Redis went away in the middle, or refused what was asked of it."""
    what = f"Redis did not do it: {mask_text(str(error)).rstrip('.')}."
    return Failure(Exit.NO_REDIS, what, kept=kept, todo=todo, facts=facts)


def in_options(problem: Problem) -> str:
    """A problem in the words of the command line."""
    text = problem.message
    for field in sorted(OPTIONS, key=len, reverse=True):
        if "_" in field:
            text = text.replace(field, OPTIONS[field])
    return f"{OPTIONS.get(problem.field, problem.field)}: {text}" if problem.field else text


def failure_picture(failure: Failure) -> RenderableType:
    """What happened, one line per problem, and what now."""
    problems = [Padding(Text(problem), (0, 0, 0, 2), expand=False) for problem in failure.problems]
    rest = [Text(" ".join(filter(None, (failure.kept, failure.todo))))] if failure.kept or failure.todo else []
    return Group(Text.assemble(("error: ", "bold red"), failure.what), *problems, *rest)


def _without_redis(error: RedisUnreachable | RedisError) -> Failure:
    if isinstance(error, RedisUnreachable):
        return Failure(Exit.NO_REDIS, str(error), kept=NOTHING_CHANGED)
    return redis_failure(error, kept="What is in the ledger stays there.", todo="Run the same command again.")


def _gateway_failure(error: GatewayError) -> Failure:
    """What the gateway did not do for a person who asked it something, which may always be asked again."""
    if isinstance(error, OutcomeUnknown):
        what = f"the gateway gave no answer that can be used ({error.phase}: {error.why})"
        return Failure(Exit.NO_ANSWER, what, kept=NOTHING_CHANGED, todo="Run the same command again.")
    if isinstance(error, NotSent):
        todo = "Run the same command again. For long: is GATEWAY_URL right?"
        return Failure(Exit.NO_ANSWER, str(error), kept=NOTHING_CHANGED, todo=todo)
    return Failure(Exit.NO_ANSWER, str(error))


def _key_conflict(conflict: KeyConflict) -> Failure:
    differing = [OPTIONS.get(field, field) for field in conflict.fields]
    return Failure(
        Exit.KEY_CONFLICT,
        f"this key stands for campaign {conflict.campaign_id}, which was taken with another payload",
        problems=[f"{name} differs" if name.startswith("--") else f"{name} differ" for name in differing],
        kept=NOTHING_SENT,
        todo="Another campaign needs another --key; the same payload gives the same campaign again.",
        facts={"campaign_id": conflict.campaign_id, "fields": list(conflict.fields)},
    )
