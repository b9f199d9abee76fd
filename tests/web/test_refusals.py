"""A form that is refused comes back on its own page: what is wrong beside its field, and all that was typed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from redis import Redis

from jobs.campaigns.marks import mark_of
from jobs.ledger import campaigns, evidence, keys
from jobs.models import Evidence, Finding, Intent, SubmissionState
from tests.web import samples
from tests.web.front_door import front_door, make_site
from tests.web.people import Visit, add, token_of

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
CASE = "/unknowns/cdfghjkn-2"
WHY = "support says <so>"


@dataclass
class Read(HTMLParser):
    """A page as somebody reads it who cannot see it."""

    described: list[str] = field(default_factory=list)
    """Names of the controls that the refusal is about."""
    focused: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """What stands in the controls of the form that was refused; of radios and boxes what is chosen."""
    said: str = ""
    headings: int = 0
    _is_said: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.headings += tag == "h1"
        self._is_said = self._is_said or found.get("id") == "refusal"
        if found.get("aria-describedby") == "refusal":
            self.described.append(found["name"])
        if "autofocus" in found:
            self.focused.append(found.get("name", found.get("id", "")))
        is_choice = found.get("type") in {"radio", "checkbox"}
        if (
            tag == "input"
            and found.get("type") != "hidden"
            and found.get("value")
            and (not is_choice or "checked" in found)
        ):
            self.kept[found["name"]] = found["value"]

    def handle_endtag(self, tag: str) -> None:
        self._is_said = self._is_said and tag != "p"

    def handle_data(self, data: str) -> None:
        self.said += data if self._is_said else ""


def read(text: str) -> Read:
    assert text.count('id="refusal"') == text.count('role="alert"') == 1
    found = Read()
    found.feed(text)
    assert found.headings == 1
    return found


@pytest.fixture
def door(redis: Redis) -> Iterator[str]:
    samples.fill(redis, now=NOW)
    for name in ("dana", "kim"):
        add(redis, name)
    with front_door(make_site(redis, clock=lambda: NOW)) as address:
        yield address


def test_a_decision_without_a_reason_comes_back_with_all_that_was_chosen(dana: Visit) -> None:
    typed = {"decision": "adopt", "session_id": "4000000009", "force": "true"}
    answer = dana.send(CASE, CASE, form="decide", why=" ", **typed)
    page = read(answer.text)
    assert (answer.status_code, page.described, page.focused) == (422, ["why"], ["why"])
    assert page.said == "A reason is missing. Nothing was changed. Say why; whoever looks later wants to know."
    assert {name: page.kept[name] for name in typed} == typed


@pytest.mark.parametrize("session_id", ["", " ", "12"])
@pytest.mark.parametrize("force", ["", "true"])
def test_adopting_no_session_is_refused_at_its_field_and_changes_nothing(
    dana: Visit, redis: Redis, session_id: str, force: str
) -> None:
    before = evidence.read(redis, "cdfghjkn-2")
    typed = {"decision": "adopt", "session_id": session_id, **({"force": force} if force else {})}
    answer = dana.send(CASE, CASE, form="decide", why=WHY, **typed)
    page = read(answer.text)
    assert (answer.status_code, page.described, page.focused) == (422, ["session_id"], ["session_id"])
    assert page.said.endswith("Nothing was changed. Its id has 6 to 20 digits; the gateway's own console shows it.")
    assert samples.read(redis, "cdfghjkn-2").state is SubmissionState.UNKNOWN
    assert evidence.read(redis, "cdfghjkn-2") == before


def test_a_decision_that_somebody_else_was_faster_with_says_so_and_keeps_the_reason(dana: Visit, door: str) -> None:
    kim, token = Visit(door), token_of(dana.get(CASE))
    kim.sign_in("kim")
    assert kim.send(CASE, CASE, form="decide", decision="give-up", why="nobody needs it").status_code == 303
    answer = dana.post(CASE, token=token, form="decide", decision="resend", why=WHY)
    page = read(answer.text)
    assert (answer.status_code, page.focused) == (409, ["refusal"])
    assert "is given_up, so there is nothing to decide. Nothing was changed." in page.said
    assert page.said.endswith(f"You had written: {WHY}")
    assert "by kim" in answer.text


def test_two_sessions_that_may_be_it_are_told_beside_the_choice(dana: Visit, redis: Redis) -> None:
    mark = mark_of(samples.read(redis, "cdfghjkn-2").attempt)
    several = Evidence(NOW, Finding.SEVERAL, "two sessions may be it", mark, ("4000000001", "4000000002"))
    evidence.add(redis, "cdfghjkn-2", several)
    answer = dana.send(CASE, CASE, form="decide", decision="resend", why=WHY)
    page = read(answer.text)
    assert (answer.status_code, page.described) == (409, ["decision"])
    assert "might call its phones twice" in page.said
    assert (page.kept["decision"], page.kept["why"]) == ("resend", WHY)


def test_giving_up_too_early_is_told_beside_the_box_that_would_allow_it(dana: Visit, redis: Redis) -> None:
    redis.delete(keys.evidence("cdfghjkn-2"))
    answer = dana.send(CASE, CASE, form="decide", decision="give-up", why=WHY)
    page = read(answer.text)
    assert (answer.status_code, page.described, page.kept["why"]) == (409, ["force"], WHY)
    assert "tick the box below the reason" in page.said


def test_a_campaign_that_ended_meanwhile_says_so_where_its_form_was(dana: Visit, redis: Redis) -> None:
    path = "/campaigns/fghjkmnq"
    token = token_of(dana.get(path))
    campaigns.intend(redis, "fghjkmnq", Intent.STOP, note="wrong letter", now=NOW)
    answer = dana.post(path, token=token, form="tell", verb="pause", why=WHY)
    page = read(answer.text)
    assert (answer.status_code, page.focused) == (409, ["refusal"])
    assert "was told to stop before, which cannot be taken back." in page.said
    assert page.said.endswith(f"You had written: {WHY}")


def test_a_reason_that_is_missing_for_a_stop_opens_the_form_that_it_is_missing_in(dana: Visit) -> None:
    path = "/campaigns/fghjkmnq"
    answer = dana.send(path, path, form="end", verb="stop", why="")
    assert (answer.status_code, read(answer.text).described) == (422, ["why"])
    assert '<details class="end" open>' in answer.text


@pytest.mark.parametrize(
    ("path", "form", "typed", "wrong"),
    [
        ("/campaigns/fghjkmnq", "tell", {"verb": "pause", "why": "x" * 301}, "why"),
        ("/halt", "halt", {"verb": "halt", "why": ""}, "why"),
        ("/do-not-dial/change", "change", {"verb": "add", "phones": "617-555-0123\n617", "why": WHY}, "phones"),
        ("/do-not-dial/change", "change", {"verb": "add", "phones": "617-555-0123", "why": ""}, "why"),
        ("/do-not-dial/look", "look", {"phone": "617"}, "phone"),
        (CASE, "decide", {"why": WHY}, "decision"),
        (CASE, "decide", {"decision": "adopt", "session_id": "12", "why": WHY}, "session_id"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(
    dana: Visit, path: str, form: str, typed: dict[str, str], wrong: str
) -> None:
    answer = dana.send("/halt", path, form=form, **typed)
    page = read(answer.text)
    assert answer.status_code in {409, 422}
    assert (page.described, page.focused) == ([wrong], [wrong])
    texts = {name: text for name, text in typed.items() if text and name not in {"verb", "phones"}}
    assert {name: page.kept.get(name) for name in texts} == texts
    assert "phones" not in typed or f">{typed['phones']}</textarea>" in answer.text


def test_a_webhook_that_is_gone_is_told_on_the_page_of_those_that_are_there(dana: Visit) -> None:
    answer = dana.send("/halt", "/webhooks/billing/replay", form="replay")
    assert (answer.status_code, "<h1>Webhooks</h1>" in answer.text) == (404, True)
    assert "There is no such webhook." in read(answer.text).said


def test_who_mistypes_a_password_types_no_name_again(door: str) -> None:
    visit = Visit(door)
    answer = visit.post(
        "/sign-in", token=token_of(visit.get("/sign-in")), form="sign-in", name="dana", password="gues", to="/halt"
    )
    page = read(answer.text)
    assert (answer.status_code, page.described, page.kept) == (403, ["password"], {"name": "dana"})
    assert 'name="to" value="/halt"' in answer.text


def test_a_form_of_a_login_that_is_over_keeps_what_was_typed_and_works_when_it_is_sent_again(dana: Visit) -> None:
    answer = dana.post("/halt", token="of another login", form="halt", verb="halt", why=WHY)
    assert (answer.status_code, read(answer.text).kept) == (403, {"why": WHY})
    assert dana.post("/halt", token=token_of(answer), verb="halt", why=WHY).status_code == 303


def test_another_site_has_nothing_of_its_form_shown_here(door: str) -> None:
    visit = Visit(door)
    answer = visit.post("/sign-in", origin="https://evil.example", form="sign-in", name="canary", to="/")
    assert (answer.status_code, "canary" in answer.text) == (403, False)


@pytest.mark.parametrize("path", ["/campaigns/fghjkmnq", CASE, "/halt", "/do-not-dial"])
def test_every_form_of_a_page_has_a_name_of_its_own(dana: Visit, path: str) -> None:
    main = dana.get(path).text.partition("<main")[2]
    names = [each.partition('name="form" value="')[2].partition('"')[0] for each in main.split('method="post"')[1:]]
    assert all(names)
    assert len(set(names)) == len(names)
