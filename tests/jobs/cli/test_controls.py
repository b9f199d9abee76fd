"""`pause`, `resume`, `stop`, `cancel`, `refresh`: what holds from now on is said, and nothing that does not."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from redis import Redis

from jobs.campaigns.control import known
from jobs.ledger import campaigns, due, runs, submissions
from jobs.ledger.keys import Due
from jobs.models import Intent, SubmissionState
from jobs.models import Run as SessionRun
from tests.jobs.cli.conftest import NOW, Run, accept, move, only_submission


def test_a_pause_holds_and_its_reason_is_kept(run: Run, redis: Redis, campaign_id: str) -> None:
    paused = run("pause", campaign_id, "--why", "wrong recording")
    assert paused.code == 0
    assert paused.out.startswith(
        "Nothing new starts from this moment. 3 phones not sent yet wait until you resume it.\n"
    )
    campaign = known(redis, campaign_id)
    assert (campaign.intent, campaign.note) == (Intent.PAUSE, "wrong recording")
    assert "told to          pause: wrong recording" in run("show", campaign_id).out


def test_what_is_with_the_gateway_is_being_told(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    stopped = run("stop", campaign_id)
    assert stopped.out.startswith("Nothing new starts from this moment. 1 session at the gateway is being told.\n")


def test_what_is_just_being_sent_is_told_afterwards(run: Run, redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING)
    assert "1 submission just being sent will be told" in run("cancel", campaign_id).out


def test_a_paused_campaign_goes_on(run: Run, redis: Redis, campaign_id: str) -> None:
    run("pause", campaign_id)
    resumed = run("resume", campaign_id, "--json")
    assert resumed.document["intent"] == "run"
    assert known(redis, campaign_id).intent is Intent.RUN


def test_an_end_cannot_be_taken_back(run: Run, redis: Redis, campaign_id: str) -> None:
    assert run("stop", campaign_id).code == 0
    refused = run("resume", campaign_id)
    assert refused.code == 11
    assert "was told to stop before, which cannot be taken back" in refused.err


def test_a_campaign_that_is_over_is_not_told_anything(run: Run, redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.WITHDRAWN)
    refused = run("stop", campaign_id, "--json")
    assert (refused.code, refused.error["name"]) == (11, "campaign_is_over")
    assert "is expired already" in refused.error["message"]


def test_waiting_ends_when_the_gateway_has_confirmed(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    with the_gateway(confirm, redis, campaign_id):
        paused = run("pause", campaign_id, "--wait")
    assert paused.code == 0
    assert "The gateway has confirmed it." in paused.out
    # Where the gateway is quicker than the first look, there is nothing to wait for.
    assert paused.err.splitlines()[-1:] in ([], ["Waiting for the gateway's word on every session."])


def test_who_waits_for_a_stop_reads_one_truth_at_a_time(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    with the_gateway(end, redis, campaign_id):
        stopped = run("stop", campaign_id, "--wait")
    assert stopped.code == 0
    assert "not confirmed" not in stopped.out + stopped.err
    assert "The gateway has confirmed it. The last call records are still to come." in stopped.out


def test_where_nothing_is_with_the_gateway_it_confirms_nothing(run: Run, redis: Redis, campaign_id: str) -> None:
    with the_gateway(lambda *_: None, redis, campaign_id):
        paused = run("pause", campaign_id, "--wait")
    assert paused.code == 0
    assert "No session of it is known to be with the gateway, so there was nothing to confirm." in paused.out


def test_waiting_tells_when_the_gateway_would_not(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    with the_gateway(refuse, redis, campaign_id):
        paused = run("pause", campaign_id, "--wait")
    assert paused.code == 6
    assert "The gateway has not done it for every session:" in paused.out
    assert "the gateway refused to pause it" in paused.out


def test_a_refresh_is_due_at_once(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    refreshed = run("refresh", campaign_id)
    assert refreshed.out.startswith("The gateway is being asked about 1 session.\n")
    assert due.count(redis, Due.REFRESH, by=NOW + timedelta(minutes=1)) == 1
    assert run("refresh", campaign_id, "--json").document == {"campaign_id": campaign_id, "sessions": 1}


def test_there_is_nothing_to_ask_of_a_campaign_that_waits(run: Run, campaign_id: str) -> None:
    assert "Nothing of it is with the gateway now" in run("refresh", campaign_id).out


@contextmanager
def the_gateway(answers: Callable[[Redis, str], None], redis: Redis, campaign_id: str) -> Iterator[None]:
    """Play the worker that carries out what is wanted while the block waits for it."""

    def wait_and_answer() -> None:
        while not due.stands(redis, Due.CONTROL, campaign_id):
            time.sleep(0.02)
        answers(redis, campaign_id)
        campaigns.carried_out(redis, known(redis, campaign_id), now=NOW)

    thread = threading.Thread(target=wait_and_answer)
    thread.start()
    yield
    thread.join(timeout=60)


def confirm(redis: Redis, campaign_id: str) -> None:
    runs.confirm(redis, only_submission(redis, campaign_id), SessionRun.PAUSED, now=NOW)


def end(redis: Redis, campaign_id: str) -> None:
    runs.confirm(redis, only_submission(redis, campaign_id), SessionRun.ENDED, now=NOW)


def refuse(redis: Redis, campaign_id: str) -> None:
    submissions.note(redis, only_submission(redis, campaign_id), "the gateway refused to pause it")


def test_a_campaign_is_told_by_its_key_too(run: Run, campaign_id: str) -> None:
    for verb in ("pause", "resume", "refresh", "stop"):
        said = run(verb, "march")
        assert (said.code, f"That is the key of campaign {campaign_id}." in said.err) == (0, True)
    assert run("show", campaign_id, "--json").document["status"] == "stopping"
    assert run("results", "march").code == 0
