import random
import string
from datetime import UTC, datetime

from jobs.gateway.errors import RefusalKind
from jobs.gateway.replies import CallRecord, parse_call_status_reply, parse_campaign_result_reply, parse_record
from jobs.models import Disposition, DropState
from tests.jobs.gateway.replies.laws import damaged
from tests.jobs.gateway.replies.samples import NEAR, UNKNOWN, outcome, outcomes

AT = datetime(2019, 12, 9, 19, 55, 42, tzinfo=UTC)


def record(
    state: DropState = DropState.DELIVERED,
    status: str = "OK",
    reason: str = "",
    delivered_text: str = "2019-12-09 14:55:42",
    delivered_at: datetime | None = AT,
    carrier: str = "t-mobile us:6529 - svr/2",
    phone: str = "6175550123",
) -> CallRecord:
    return CallRecord("1842028314", Disposition(phone, state, status, reason, delivered_text, delivered_at, carrier))


def test_every_sample_of_one_record_is_read_as_it_must_be() -> None:
    failed = DropState.FAILED
    assert outcomes("record", lambda text: parse_call_status_reply(text, near=NEAR, session_id="1842028314")) == {
        "live.C": record(),
        "prefixed.B": record(),
        "quoted.A": record(),
        "quoted_prefixed.D": record(),
        "five_fields.C": record(failed, "Failure", "Voicemail Busy", carrier=""),
        "failed.C": record(failed, "Fail", "VM may be full or not setup", carrier=""),
        "other_word.D": record(failed, "Expired", "Landline Removed", carrier="at&t"),
        "pipes_in_carrier.D": record(carrier="a|b|c"),
        "quoted_pipes.D": record(failed, "Failure", "busy|or full", carrier="x"),
        "leading_one.D": record(carrier="t-mobile"),
        "pending.D": record(DropState.PENDING, "", "", "", None, ""),
        "odd_time.D": record(delivered_text="yesterday", delivered_at=None, carrier="t-mobile"),
        "latin_carrier.D": record(carrier="Vidéotron"),
        "json.C": record(),
        "json_array.C": record(failed, "Failure", "Voicemail Busy", carrier=""),
        "no_result_yet.C": None,
        "no_result_in_words.D": None,
        "only_prefix.D": None,
        "json_none.D": None,
        "four_fields.D": None,
        "no_phone.D": None,
        "not_found.C": RefusalKind.NOT_FOUND,
        "html.D": UNKNOWN,
        "json_unknown.D": UNKNOWN,
        "json_cut_short.D": UNKNOWN,
    }


def test_every_sample_of_a_result_holds_the_same_two_records() -> None:
    first = record()
    second = record(
        DropState.FAILED,
        "Failure",
        "Voicemail Busy",
        "2019-12-09 14:55:43",
        AT.replace(second=43),
        "verizon",
        "6175550124",
    )
    samples = outcomes("result", lambda text: parse_campaign_result_reply(text, near=NEAR))
    assert samples == {name: [first, second] for name in samples}
    assert len(samples) == 6


def test_a_record_names_its_session_even_when_it_is_not_the_one_asked_about() -> None:
    text = "1842028314|6175550123|OK||2019-12-09 14:55:42|"
    assert parse_campaign_result_reply(text, near=NEAR, session_id="1842028315")[0].session_id == "1842028314"


def test_json_without_a_session_anywhere_is_no_record() -> None:
    assert parse_record('{"to phone":"6175550123","dial status":"OK"}', near=NEAR) is None


def test_a_result_of_ten_thousand_records_is_read_whole() -> None:
    lines = [f"1842028314|617555{number:04d}|OK||2019-12-09 14:55:42|t-mobile" for number in range(10_000)]
    records = parse_campaign_result_reply("\n".join(lines), near=NEAR)
    assert [each.disposition.phone for each in records] == [f"617555{number:04d}" for number in range(10_000)]


RESULT = """var=1842028314|6175550123|OK||2019-12-09 14:55:42|t-mobile us:6529 - svr/2
var="1842028314"|"6175550124"|"Failure"|"Voicemail Busy"|"2019-12-09 14:55:43"|""
1842028314|6175550125||||"""


def test_damage_never_yields_another_phone_and_never_a_delivery() -> None:
    dice = random.Random(23)
    for _ in range(10_000):
        text = damaged(RESULT, dice, kept=string.digits, most=4)
        read = outcome(lambda text: parse_campaign_result_reply(text, near=NEAR), text)
        records = [each.disposition for each in read] if isinstance(read, list) else []
        assert {each.phone for each in records} <= {"6175550123", "6175550124", "6175550125"}
        assert {each.phone for each in records if each.state is DropState.DELIVERED} <= {"6175550123"}
