"""A look at a campaign's audio before anything is sent.

Law of the room: only what is certainly wrong is `bad`. Trouble on the way to an answer, the gateway's or a host's, says
nothing of the audio: it is `unsure`, and nobody refuses a campaign over it.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from tempfile import TemporaryFile

import structlog

from jobs.campaigns import calling, refusals
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.fetching import Fetch, NotFetched, NotPublic
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, OutcomeUnknown, Phase, Rejected, presentable
from jobs.gateway.replies import AudioFile
from jobs.ledger import campaigns, due
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.models import AudioType, CampaignStatus, CampaignView, Terms
from jobs.sound import HEAD_BYTES, kind_of, seconds_of

log = structlog.get_logger()

Question = Callable[[GatewayClient], list[AudioFile]]

SHORTEST_S = 5
"""The vendor takes only what is longer than this."""


class Verdict(StrEnum):
    """What a look at the audio came to."""

    GOOD = "good"
    BAD = "bad"
    """The gateway cannot play it."""
    UNSURE = "unsure"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, the sentence that says why, and how long the audio lasts where that is known."""

    verdict: Verdict
    sentence: str
    seconds: float | None = None


def look_at_audio(terms: Terms, *, recordings: Callable[[], Sequence[AudioFile]], fetch: Fetch | None) -> Finding:
    """Look at the audio of these terms: in the account, whose `recordings` are asked for, or where its URL leads.

    Without a `fetch` no URL is followed. What `recordings` raises that is no `GatewayError` is passed on.
    """
    if terms.audio_url and terms.url_audio_type:
        return _look_at_url(terms.audio_url, terms.url_audio_type, fetch)
    try:
        listed = recordings()
    except OutcomeUnknown as unknown:
        return Finding(Verdict.UNSURE, f"the gateway did not list its recordings ({unknown.phase}: {unknown.why})")
    except GatewayError as failed:
        return Finding(Verdict.UNSURE, f"the gateway did not list its recordings. {failed}")
    if not listed:  # a gateway that broke down may answer with an empty body, too
        return Finding(Verdict.UNSURE, "the gateway lists no recordings at all, as it may do when it is in trouble")
    if terms.audio_title:
        return _look_in_account("recording", terms.audio_title, [(each.title, each) for each in listed])
    return _look_in_account("file", terms.audio_file or "", [(each.file, each) for each in listed])


def is_awaited(desk: Desk, campaign: CampaignView) -> bool:
    """Whether nothing of this campaign may be sent before somebody has looked at its audio."""
    if campaign.audio_flaw is not None or campaign.status is not CampaignStatus.WAITING:
        return False
    return desk.fetch is not None if campaign.terms.audio_url else desk.looks_at_recordings


def look_or_wait(desk: Desk, campaign: CampaignView, submission_id: str) -> None:
    """Have a campaign's first submission look at the audio for all, and the others come back when it may have done so.

    A look is a turn of its own: it can take as long as a submission, and nobody waits for both who is asked to end.
    """
    at = desk.clock() + desk.timings.audio_again
    if held_until := refusals.held_until(desk, campaign.terms.account):
        at = held_until
    elif submission_id == campaigns.submission_id(campaign.id, 1):
        try:
            flaw = _flaw(desk, campaign)
        except NotNow as not_now:
            at = not_now.at
        else:
            campaigns.note_audio(desk.redis, campaign.id, flaw)
            at = desk.clock()
    due.add(desk.redis, Due.SEND, [submission_id], at)


def list_recordings(ask: Callable[[Question], list[AudioFile]], *, now: datetime) -> list[AudioFile]:
    """The account's recordings, with their durations where the gateway has them to give. It may be asked twice."""
    try:
        return ask(lambda gateway: gateway.audio_list(near=now, with_durations=True))
    except Rejected as rejected:
        if rejected.kind.concerns_account:
            raise
    except OutcomeUnknown as unknown:
        if unknown.phase is not Phase.UNDERSTANDING:
            raise
    return ask(lambda gateway: gateway.audio_list(near=now, with_durations=False))


def _flaw(desk: Desk, campaign: CampaignView) -> str:
    """What is certainly wrong with a campaign's audio, '' for nothing; raises `NotNow`."""

    def recordings() -> list[AudioFile]:
        return list_recordings(partial(calling.once, desk, campaign, Lane.READS), now=desk.clock())

    finding = look_at_audio(campaign.terms, recordings=recordings, fetch=desk.fetch)
    log.info("audio_looked_at", campaign_id=campaign.id, verdict=finding.verdict, sentence=finding.sentence)
    return finding.sentence if finding.verdict is Verdict.BAD else ""


def _look_in_account(noun: str, name: str, listed: Sequence[tuple[str, AudioFile]]) -> Finding:
    found = [each for own_name, each in listed if own_name == name]
    if not found:
        return Finding(
            Verdict.BAD, f"the account has no {noun} {_quoted(name)}{_near(name, [own for own, _ in listed])}"
        )
    # Several may have one title, and nobody knows which of them is played: the longest gets the benefit of the doubt.
    known = [each.duration_s for each in found if each.duration_s is not None]
    return _judged(f"the {noun} {_quoted(name)}", max(known) if len(known) == len(found) else None)


def _near(name: str, names: Sequence[str]) -> str:
    """The names that were perhaps meant. The gateway tells `reminder` from `Reminder`, people do not."""
    by_letters = {each.casefold(): each for each in names}
    close = [by_letters[each] for each in difflib.get_close_matches(name.casefold(), by_letters)]
    return f"; the nearest it has: {', '.join(map(_quoted, close))} (case counts)" if close else ""


def _look_at_url(url: str, stated: AudioType, fetch: Fetch | None) -> Finding:
    if fetch is None:
        return Finding(Verdict.UNSURE, "what lies at the URL was not looked at")
    with TemporaryFile() as file:
        try:
            fetch(url, file)
        except NotPublic as not_public:
            return Finding(Verdict.BAD, f"what lies at the URL is not to be had by the gateway: {not_public}")
        except NotFetched as not_fetched:
            return Finding(Verdict.UNSURE, f"what lies at the URL could not be looked at: {not_fetched}")
        file.seek(0)
        kind = kind_of(file.read(HEAD_BYTES))
        if kind is not stated:
            what = f"a {kind} file" if kind else "no sound file but something else, such as a web page"
            return Finding(Verdict.BAD, f"what lies at the URL is {what}, and the campaign states {stated}")
        return _judged(f"the {kind} file at the URL", seconds_of(file))


def _judged(what: str, seconds: float | None) -> Finding:
    if seconds is None:
        return Finding(Verdict.GOOD, f"{what} is there; how long it lasts is not known")
    if seconds <= SHORTEST_S:
        return Finding(Verdict.BAD, f"{what} lasts {seconds:.3g} s; it must be more than {SHORTEST_S}", seconds)
    return Finding(Verdict.GOOD, f"{what} is there and lasts {round(seconds, 1):g} s", seconds)


def _quoted(name: str) -> str:
    return f'"{presentable(name)}"'
