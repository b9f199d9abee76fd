"""What a person reads and does on the page, without a browser: every number is the ledger's, and no phone is whole."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from redis import Redis
from rq import SimpleWorker
from rq.utils import utcformat

from config.queues import CAMPAIGNS
from jobs.gateway.simulator import Settings, Simulator
from jobs.ledger import amnesia, campaigns, do_not_dial, keys, looks, runs
from jobs.ledger import days as ledger_days
from jobs.ledger.people import Role
from jobs.models import CampaignStatus, Intent, Run, SubmissionState
from jobs.models.reports import DayReport
from jobs.ringing.queues import open_queue
from tests.web import samples
from tests.web.front_door import front_door, make_site
from tests.web.people import Visit, add
from web.pages import words

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
PATHS = [
    "/",
    "/unknowns",
    "/unknowns/cdfghjkn-2",
    "/campaigns/fghjkmnq",
    "/campaigns/bdfghjkm",
    "/submissions/fghjkmnq-1",
]
PATHS += [
    "/days",
    "/days/default/2026-11-22",
    "/do-not-dial",
    "/halt",
    "/looks",
    "/webhooks",
    "/campaigns/nobody",
    "/?q=spring",
]
WHOLE = re.compile(r"(?<!\d)[2-9]\d{2}[ .-]?555[ .-]?01\d\d(?!\d)")


@pytest.fixture
def filled(redis: Redis) -> Mapping[str, str]:
    """Campaigns in many states, by what each shows."""
    add(redis, "dana")
    add(redis, "will", Role.WATCH, sees_phones=True)
    return samples.fill(redis, now=NOW)


@pytest.fixture
def door(filled: Mapping[str, str], redis: Redis) -> Iterator[str]:
    with front_door(make_site(redis, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
def will(door: str) -> Visit:
    """Watches, and may see phones."""
    visit = Visit(door)
    visit.sign_in("will")
    return visit


class Controls(HTMLParser):
    """Finds form controls without a label, and whatever a strict policy would not let a browser run or draw."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self._labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [each for each in [found.get("id")] if each]
        self.faults += [f"{tag} {name}" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not found.get("src")):
            self.faults.append(f"{tag} inline")
        if tag == "label":
            self._labels += 1
            self.labelled.add(found.get("for") or "")
        if tag in {"input", "select", "textarea"} and found.get("type") != "hidden" and not self._labels:
            self.controls.append(found)

    def handle_endtag(self, tag: str) -> None:
        self._labels -= tag == "label"

    @property
    def unlabelled(self) -> list[dict[str, str | None]]:
        return [each for each in self.controls if not each.get("id") or each["id"] not in self.labelled]


def test_every_page_can_be_read_used_and_trusted(dana: Visit) -> None:
    for path in PATHS:
        page = dana.get(path)
        assert page.status_code == (404 if "nobody" in path else 200), path
        assert not WHOLE.findall(page.text), path
        controls = Controls()
        controls.feed(page.text)
        assert (controls.unlabelled, controls.faults) == ([], []), path
        assert len(controls.ids) == len(set(controls.ids)), path
        assert page.text.count("<h1") == 1, path
        levels = [int(level) for level in re.findall(r"<h([1-6])", page.text)]
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels)), path
        assert not re.findall(r"<th(?: (?!scope=)[^>]*)?>", page.text), path
        assert re.search(r"<title>[^<]+ · Dropline</title>", page.text), path
        assert page.text.index('href="#main"') < page.text.index("<header"), path
        assert not re.findall(r'(?:src|href|action)="(?!/|#)', page.text), path


def test_a_phone_of_which_no_record_came_is_not_among_the_records(dana: Visit) -> None:
    text = dana.get("/campaigns/bdfghjkm").text
    assert "<b>12</b> no record came" in text
    assert 'data-name="records">1,188<' in text


def test_the_first_page_tells_what_waits_for_a_person_and_every_campaign(dana: Visit) -> None:
    text = dana.get("/").text
    assert "1 submission waits for evidence or for you" in text
    assert "No worker is running." in text
    for said in ("Spring check-up, second letter", "50,000", "6,800", "2026-11-22"):
        assert said in text


@pytest.mark.parametrize(("minutes", "said"), [(44, "Read <time"), (46, "Old: last read <time")])
def test_a_balance_is_shown_with_the_instant_of_its_reading_and_called_old_when_it_is(
    filled: Mapping[str, str], redis: Redis, minutes: int, said: str
) -> None:
    with front_door(make_site(redis, clock=lambda: NOW + timedelta(minutes=minutes))) as address:
        visit = Visit(address)
        visit.sign_in("dana")
        assert f'{said} datetime="2026-11-23T17:00:00+00:00">' in visit.get("/").text


def beside(visit: Visit) -> str:
    """What stands of the workers on the first page."""
    return " ".join(
        re.sub("<[^>]+>", " ", visit.get("/").text.partition("At work</h2>")[2].partition("</dl>")[0]).split()
    )


def test_a_worker_is_busy_since_its_job_began_and_counts_as_long_as_it_is_heard_of(dana: Visit, redis: Redis) -> None:
    path = "/campaigns/ghjkmnpr"
    assert "No worker is running." in dana.get(path).text
    assert "No worker is running." not in dana.get("/campaigns/bdfghjkm").text  # it is over
    queue = open_queue(redis, CAMPAIGNS)
    worker = SimpleWorker([queue], connection=redis, serializer="json")
    worker.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
    for field, at in (("birth", NOW - timedelta(hours=3)), ("last_heartbeat", NOW - timedelta(seconds=44))):
        redis.hset(worker.key, field, utcformat(at))
    worker.set_state("idle")
    assert "Workers 1 campaigns idle, at work since 2026-11-23 09:00 ET" in beside(dana)
    assert "No worker is running." not in dana.get(path).text
    job = queue.enqueue("jobs.entrypoints.keep_house")
    execution = worker.prepare_execution(job)
    redis.hset(execution.key, "created_at", (NOW - timedelta(hours=1)).timestamp())
    worker.set_state("busy")
    redis.hset(worker.key, "last_heartbeat", utcformat(NOW - timedelta(hours=1)))
    assert "Workers 1 campaigns busy since 2026-11-23 11:00 ET" in beside(dana)
    worker.set_state("idle")
    assert "Workers 0 campaigns silent , last heard of 2026-11-23 11:00 ET" in beside(dana)
    assert "No worker is running." in dana.get("/").text
    assert "No worker is running." in dana.get(path).text


def test_campaigns_are_found_by_status_title_key_and_id(dana: Visit) -> None:
    assert rows(dana, "/?status=paused") == ["dfghjkmp"]
    assert rows(dana, "/?q=PHARMACY") == ["dfghjkmp"]
    assert rows(dana, "/?q=pharmacy-pick") == ["dfghjkmp"]
    assert rows(dana, "/?q=dfghjkmp") == ["dfghjkmp"]
    assert rows(dana, "/?q=%3Cscript%3E") == []
    assert len(rows(dana, "/?status=nonsense&page=x")) == 5


def test_the_list_says_how_far_a_campaign_is_and_names_every_colour_of_its_bars(dana: Visit) -> None:
    text = dana.get("/").text
    assert "without a record" in text
    assert "400\N{NO-BREAK SPACE}not sent yet" in text
    for kind in set(re.findall(r'<rect class="(\w+)"', text)):
        assert f'<i class="dot {kind}" aria-hidden="true"></i>{words.COLOURS[kind]}</li>' in text


def test_a_campaign_that_has_just_been_taken_is_there_and_one_that_ended_is_filed_anew(
    dana: Visit, redis: Redis
) -> None:
    rows(dana, "/")
    samples.take(redis, samples.Sample("jkmnpqrs", "Brand new", [3], samples.MINUTE), NOW)
    assert rows(dana, "/")[0] == "jkmnpqrs"


def rows(visit: Visit, path: str) -> list[str]:
    """The campaigns that a page lists, in its order."""
    return re.findall(r'<th scope="row"><a href="/campaigns/(\w+)"', visit.get(path).text)


def test_a_campaign_says_where_its_phones_are_and_how_drops_ended(dana: Visit, redis: Redis) -> None:
    text = dana.get("/campaigns/fghjkmnq").text
    found = campaigns.read(redis, "fghjkmnq")
    assert found is not None
    for count in [*found.drops.values(), 1_800]:
        assert f"<b>{count:,}</b>" in text
    for said in ("Failed: Busy", "6,808 rows = 6,800 phones + 8 left out", "not a number", "***0100", "As a table"):
        assert said in text


def test_a_pause_holds_and_is_remembered_with_who_and_why(dana: Visit, redis: Redis) -> None:
    path = "/campaigns/fghjkmnq"
    told = dana.send(path, path, verb="pause", why="<b>wrong</b> letter")
    assert told.headers["Location"] == f"{path}?told=pause"
    (request,) = campaigns.requests(redis, "fghjkmnq")
    assert (request.intent, request.by, request.why) == (Intent.PAUSE, "dana", "<b>wrong</b> letter")
    text = dana.get(f"{path}?told=pause").text
    assert "Nothing new starts from this moment" in text
    assert "&lt;b&gt;wrong&lt;/b&gt; letter" in text
    assert 'value="resume"' in text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"verb": "pause", "why": " "}, 422),
        ({"verb": "explode", "why": "x"}, 422),
        ({"verb": "stop", "why": "x" * 301}, 422),
    ],
)
def test_what_cannot_be_told_changes_nothing(dana: Visit, redis: Redis, fields: dict[str, str], status: int) -> None:
    answer = dana.send("/campaigns/fghjkmnq", "/campaigns/fghjkmnq", **fields)
    assert answer.status_code == status
    assert "Nothing was changed." in answer.text
    assert campaigns.requests(redis, "fghjkmnq") == []


def test_a_campaign_that_is_over_can_be_told_nothing(dana: Visit) -> None:
    text = dana.get("/campaigns/bdfghjkm").text
    assert "Tell it" not in text
    answer = dana.send("/", "/campaigns/bdfghjkm", verb="stop", why="x")
    assert (answer.status_code, "is finished already" in answer.text) == (409, True)


def test_what_was_told_to_end_is_offered_nothing_and_says_who_told_it(dana: Visit, redis: Redis) -> None:
    path = "/campaigns/cdfghjkn"
    assert 'value="pause"' in dana.get(path).text
    dana.send(path, path, verb="stop", why="the clinic is open after all")
    samples.finish(redis, samples.read(redis, "cdfghjkn-1"), NOW)
    text = dana.get(path).text
    assert ">needs decision</span>" in text
    assert "Tell it" not in text
    assert re.search("Stop was asked for by dana, <time [^>]*>2026-11-23 12:00 ET</time>", text)
    assert "was asked for by" not in dana.get("/campaigns/fghjkmnq").text


def test_an_unknown_submission_is_decided_with_a_reason(dana: Visit, redis: Redis) -> None:
    path = "/unknowns/cdfghjkn-2"
    assert "3 complete listings" in dana.get(path).text
    assert dana.send(path, path, decision="resend", why="").status_code == 422
    assert dana.send(path, path, decision="", why="x").status_code == 422
    assert dana.send(path, path, decision="adopt", session_id="12", why="x").status_code == 422
    assert samples.read(redis, "cdfghjkn-2").state is SubmissionState.UNKNOWN
    decided = dana.send(path, path, decision="resend", why="asked the gateway's support")
    assert decided.headers["Location"] == f"{path}?decided=resend"
    assert samples.read(redis, "cdfghjkn-2").state is SubmissionState.PLANNED
    text = dana.get(decided.headers["Location"]).text
    assert "It is sent once more" in text
    assert "by dana" in text
    assert "nothing is to be decided" in dana.get("/unknowns").text


def test_evidence_against_a_decision_is_told_and_force_is_a_box(dana: Visit, redis: Redis) -> None:
    redis.delete(keys.evidence("cdfghjkn-2"))
    path = "/unknowns/cdfghjkn-2"
    refused = dana.send(path, path, decision="resend", why="I think so")
    assert refused.status_code == 409
    assert "tick the box below the reason" in refused.text
    assert "--force" not in refused.text
    assert dana.send(path, path, decision="resend", why="I know so", force="true").status_code == 303


def test_whole_phones_are_for_those_who_may_and_on_record(dana: Visit, will: Visit, redis: Redis) -> None:
    path = "/submissions/fghjkmnq-1"
    assert not WHOLE.search(will.get(path).text)
    assert dana.send(path, path).status_code == 403
    assert looks.newest(redis, most=9) == []
    seen = will.send(path, path, page=2)
    assert len(set(WHOLE.findall(seen.text))) == 100
    assert [(each.who, each.what) for each in looks.newest(redis, most=9)] == [
        ("will", "submission fghjkmnq-1, page 2")
    ]
    assert "submission fghjkmnq-1, page 2" in dana.get("/looks").text
    assert will.get("/looks").status_code == 403


@pytest.mark.parametrize("page", ["99999999999999999999", "3000000000", "-1", "x"])
def test_a_page_that_no_submission_has_is_the_first(will: Visit, page: str) -> None:
    seen = will.send("/submissions/fghjkmnq-1", "/submissions/fghjkmnq-1", page=page)
    assert seen.status_code == 200
    assert len(set(WHOLE.findall(seen.text))) == 100


def test_a_number_is_put_on_the_list_looked_up_and_taken_off(dana: Visit, redis: Redis) -> None:
    path = "/do-not-dial"
    slip = dana.send(path, f"{path}/change", verb="add", phones="617-555-0123\n617", why="asked")
    assert (slip.status_code, "Line 2 is no phone" in slip.text) == (422, True)
    assert dana.send(path, f"{path}/change", verb="add", phones="617-555-0123", why="").status_code == 422
    assert do_not_dial.version(redis, "default") == 0
    added = dana.send(path, f"{path}/change", verb="add", phones="617-555-0123, (617) 555-0124", why="asked")
    assert "2 put on the list" in added.text
    found = dana.send(path, f"{path}/look", phone="6175550123")
    assert "***0123 is on the list" in found.text
    assert "by dana" in found.text
    assert not WHOLE.search(found.text + added.text)
    dana.send(path, f"{path}/change", verb="remove", phones="6175550123", why="asked again")
    assert do_not_dial.listed(redis, "default", ["6175550123"]) == set()
    assert dana.send(path, f"{path}/change", verb="add", phones="6175550123", why="x", account="no").status_code == 422


def test_sending_is_halted_and_goes_on_with_a_reason(dana: Visit, will: Visit, redis: Redis) -> None:
    assert will.send("/", "/halt", verb="halt", why="x").status_code == 403
    assert dana.send("/halt", "/halt", verb="halt", why=" ").status_code == 422
    dana.send("/halt", "/halt", verb="halt", why="wrong list")
    found = amnesia.look(redis, now=NOW)
    assert found is not None
    assert (found.by, found.reason) == ("dana", "wrong list")
    assert "Sending is halted" in dana.get("/").text
    dana.send("/halt", "/halt", verb="unhalt", why="right list")
    assert amnesia.look(redis, now=NOW) is None


def test_every_page_says_whether_sending_is_halted(dana: Visit, redis: Redis) -> None:
    def say_halted() -> set[bool]:
        return {">Halted</a>" in dana.get(path).text for path in [*PATHS, "/rq/", "/nowhere"]}

    assert say_halted() == {False}
    amnesia.halt(redis, why="wrong list", by="dana", now=NOW)
    assert say_halted() == {True}


def test_a_comparison_that_failed_is_told_apart_from_what_was_found_before(dana: Visit, redis: Redis) -> None:
    day, hour = date(2026, 11, 22), timedelta(hours=1)
    failed = {"trouble": "the gateway lists no session at all", "failed_at": NOW, "again_at": NOW + hour}
    found = ledger_days.read(redis, "default", day)
    assert found
    ledger_days.keep(redis, found.model_copy(update=failed | {"found_at": NOW - hour}))
    text = " ".join(re.sub("<[^>]+>", "", dana.get(f"/days/default/{day}").text).split())
    assert "The comparison of 2026-11-23 12:00 ET failed: the gateway lists no session at all." in text
    assert "The workers ask again at 2026-11-23 13:00 ET." in text
    assert "3 sessions listed" in text
    assert "still stands" in text
    never = found.model_copy(update=failed | {"is_compared": False, "listed": 0, "matched": 0})
    ledger_days.keep(redis, never)
    text = dana.get(f"/days/default/{day}").text
    assert "Never compared as a whole." in text
    assert not re.search("sessions listed|still stands", text)
    assert "not compared" in dana.get("/days").text


def test_a_day_that_was_not_over_is_not_said_to_be_the_same_for_good(dana: Visit, redis: Redis) -> None:
    day = date(2026, 11, 23)
    ledger_days.keep(redis, DayReport(account="default", day=day, found_at=NOW, is_done=True, is_over=False))
    text = dana.get(f"/days/default/{day}").text
    assert "what there was of the day" in text
    assert "the workers compare it again" in text
    assert "the same so far" in dana.get("/days").text


def test_every_status_and_state_has_its_kind() -> None:
    assert words.STATUS_KINDS.keys() == set(CampaignStatus)
    assert words.STATE_KINDS.keys() == set(SubmissionState)


def test_a_session_is_adopted_when_the_gateway_has_it_and_not_by_a_slip(redis: Redis) -> None:
    add(redis, "dana")
    samples.fill(redis, now=datetime.now(UTC))
    with Simulator(Settings(calls_per_second=1)) as simulator:
        env = {"GATEWAY_URL": simulator.base_url, "GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo"}
        with front_door(make_site(redis, env)) as address:
            visit, path = Visit(address), "/unknowns/cdfghjkn-2"
            visit.sign_in("dana")
            slip = visit.send(path, path, decision="adopt", session_id="4000000009", why="looks like it")
            assert (slip.status_code, "is it mistyped?" in slip.text) == (409, True)
            assert samples.read(redis, "cdfghjkn-2").state is SubmissionState.UNKNOWN
            fields = {"decision": "adopt", "session_id": "4000000009", "why": "support says so", "force": "true"}
            assert visit.send(path, path, **fields).status_code == 409
    assert samples.read(redis, "cdfghjkn-2").session_id == ""


def test_without_a_gateway_that_answers_a_session_is_adopted_by_force_alone(dana: Visit, redis: Redis) -> None:
    path = "/unknowns/cdfghjkn-2"
    fields = {"decision": "adopt", "session_id": "4000000009", "why": "support says so"}
    refused = dana.send(path, path, **fields)
    assert (refused.status_code, "could not be asked" in refused.text) == (409, True)
    assert dana.send(path, path, **fields, force="true").status_code == 303
    assert samples.read(redis, "cdfghjkn-2").session_id == "4000000009"


def test_a_key_is_read_with_its_date_and_its_counters_and_without_its_phone(dana: Visit, redis: Redis) -> None:
    title = "Live 20261123-160957-5 for 617-555-0123"
    samples.take(redis, samples.Sample("jkmnpqrs", title, [3], samples.MINUTE), NOW)
    for path in ("/", "/campaigns/jkmnpqrs", "/submissions/jkmnpqrs-1"):
        text = dana.get(path).text
        assert "Live 20261123-160957-5 for ***0123" in text
        assert not WHOLE.search(text)
    assert "<dd>live-20261123-160957-5-for-***0123</dd>" in dana.get("/campaigns/jkmnpqrs").text


def test_what_came_of_a_verb_is_told_until_the_gateway_has_confirmed_it_and_not_beyond(
    dana: Visit, redis: Redis
) -> None:
    path = "/campaigns/fghjkmnq"
    told = dana.send(path, path, verb="pause", why="lunch").headers["Location"]
    assert "Nothing new starts from this moment; the gateway is being told." in dana.get(told).text
    for number in (1, 2):
        runs.confirm(redis, samples.read(redis, f"fghjkmnq-{number}"), Run.PAUSED, now=NOW)
    assert "Nothing new starts from this moment; the gateway has confirmed it." in dana.get(told).text
    dana.send(path, path, verb="resume", why="lunch is over")
    assert "Nothing new starts" not in dana.get(told).text
    resumed = f"{path}?told=resume"
    assert "From this moment it may go on; the gateway is being told." in dana.get(resumed).text
    for number in (1, 2):
        runs.confirm(redis, samples.read(redis, f"fghjkmnq-{number}"), Run.GOING, now=NOW)
    assert "From this moment it may go on; the gateway has confirmed it." in dana.get(resumed).text
    assert "the gateway" not in dana.get("/campaigns/ghjkmnpr?told=resume").text.partition('id="told"')[2][:200]


@pytest.mark.parametrize("decided", ["adopt", "resend", "give-up"])
def test_an_address_alone_says_nothing_of_a_decision_that_nobody_took(dana: Visit, decided: str) -> None:
    path = "/unknowns/cdfghjkn-2"
    assert "note good" not in dana.get(f"{path}?decided={decided}").text
    dana.send(path, path, decision="resend", why="asked the gateway's support")
    assert ("note good" in dana.get(f"{path}?decided={decided}").text) is (decided == "resend")


def test_what_a_decision_led_to_is_not_told_of_what_has_moved_on_since(dana: Visit, redis: Redis) -> None:
    path = "/unknowns/cdfghjkn-2"
    dana.send(path, path, decision="resend", why="asked the gateway's support")
    samples.send(redis, "cdfghjkn-2", NOW, SubmissionState.UNKNOWN)
    assert "note good" not in dana.get(f"{path}?decided=resend").text


@pytest.mark.parametrize("verb", ["pause", "resume", "stop", "cancel"])
def test_an_address_alone_says_nothing_of_a_verb_that_nobody_said(dana: Visit, verb: str) -> None:
    assert "From this moment" not in dana.get(f"/campaigns/ghjkmnpr?told={verb}").text
    assert "Nothing new starts" not in dana.get(f"/campaigns/ghjkmnpr?told={verb}").text


def test_every_time_of_an_unknown_submission_is_read_in_one_way(dana: Visit) -> None:
    text = dana.get("/unknowns/cdfghjkn-2").text
    table = text.partition('<table class="rows small times">')[2].partition("</table>")[0]
    rows = dict(re.findall(r'<th scope="row">([^<]+)</th>(.*)</tr>', table))
    assert rows.keys() == {"balance noted", "sent", "unknown since", "looked at last", "looked for until"}
    for clock in ("<b>08:00</b><span>2026-11-23</span>", "<b>13:00</b><span>2026-11-23</span>"):
        assert clock in rows["sent"]
    assert 'data-at="2026-11-23T13:00:00+00:00"' in rows["sent"]
    elsewhere = re.sub(r"<time [^>]*>[^<]*</time>", "", text.replace(table, ""))
    assert not re.findall(r"\d\d:\d\d", elsewhere)


def test_every_count_leads_to_the_campaigns_that_it_counts(dana: Visit) -> None:
    chips = re.findall(r'href="(/\?status=(\w+))"[^>]*>[^<]*<b>(\d+)</b>', dana.get("/").text)
    assert {status for _, status, _ in chips} == {"finished", "running", "sending", "paused", "waiting"}
    for link, status, count in chips:
        found = rows(dana, link)
        assert len(found) == int(count)
        assert all(f'href="/?status={status}"' in dana.get(f"/campaigns/{each}").text for each in found)


def test_a_day_without_its_account_leads_to_the_one_that_has_it(dana: Visit) -> None:
    page = dana.get("/days/2026-11-22")
    assert (page.status_code, page.url) == (200, f"{dana.address}/days/default/2026-11-22")
    for path in ("/days/2026-01-01", "/days/yesterday"):
        assert (dana.get(path).status_code, 'href="/days">Back' in dana.get(path).text) == (404, True)


def test_a_day_of_several_accounts_is_a_choice(filled: Mapping[str, str], redis: Redis) -> None:
    found = ledger_days.read(redis, "default", date(2026, 11, 22))
    assert found
    ledger_days.keep(redis, found.model_copy(update={"account": "west"}))
    env = {"GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo"}
    env["GATEWAY_ACCOUNTS"] = '{"west": {"uid": "west", "password": "west"}}'
    with front_door(make_site(redis, env, clock=lambda: NOW)) as address:
        visit = Visit(address)
        visit.sign_in("dana")
        text = visit.get("/days/2026-11-22").text
    assert re.findall(r'href="/days/(\w+)/2026-11-22"', text) == ["default", "west"]


def test_a_page_past_the_end_says_so_and_leads_back(dana: Visit) -> None:
    text = dana.get("/?page=99").text
    assert "Page 99 is past the end: there are 5 of these." in text
    assert "No campaign yet" not in text
    assert "No campaign is like that" in dana.get("/?q=nobodys&page=2").text


def test_a_campaign_that_stops_says_no_more_than_is_still_missing(dana: Visit, redis: Redis) -> None:
    path = "/campaigns/dfghjkmp"
    told = dana.send(path, path, verb="stop", why="wrong letter").headers["Location"]
    assert "some session is not confirmed as ended" in dana.get(told).text
    runs.confirm(redis, samples.read(redis, "dfghjkmp-1"), Run.ENDED, now=NOW)
    text = dana.get(told).text
    assert "the gateway has confirmed it" in text
    assert "every session is confirmed as ended; their last records are not in." in text
    assert "not confirmed" not in text


def test_an_instant_in_a_sentence_says_its_zone(dana: Visit, redis: Redis) -> None:
    redis.delete(keys.evidence("cdfghjkn-2"))
    text = dana.get("/unknowns/cdfghjkn-2").text
    assert re.search(r"they count from [-\d]+ [:\d]+ Eastern on", text)
