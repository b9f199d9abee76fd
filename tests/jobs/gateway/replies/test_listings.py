import random
import string
from datetime import UTC, datetime

from jobs.gateway.errors import RefusalKind
from jobs.gateway.replies import AudioFile, ListedSession, parse_audio_list_reply, parse_campaign_by_date_reply
from tests.jobs.gateway.replies.laws import damaged
from tests.jobs.gateway.replies.samples import NEAR, UNKNOWN, outcome, outcomes


def test_every_sample_of_a_days_sessions_is_read_as_it_must_be() -> None:
    untitled = [ListedSession("9381694821", ""), ListedSession("83242792891", "")]
    titled = [ListedSession("9381694821", "Spring sale"), ListedSession("83242792891", "Reminder 7")]
    assert outcomes("campaign_by_date", parse_campaign_by_date_reply) == {
        "ids.D": untitled,
        "one_line.D": untitled,
        "titled.D": titled,
        "labelled.D": titled,
        "json_ids.D": untitled,
        "json_objects.D": titled,
        "empty.D": [],
        "ok_alone.D": [],
        "json_none.D": [],
        "only_a_date.D": UNKNOWN,
        "refused.D": RefusalKind.DATE,
        "html.D": UNKNOWN,
    }


def test_every_sample_of_an_audio_list_is_read_as_it_must_be() -> None:
    created = datetime(2017, 4, 26, 2, 42, 25, tzinfo=UTC)
    reminder = AudioFile("r15294b17042522420232165.wav", "Reminder", "2017-04-25 22:42:25", created, None)
    greeting = AudioFile(
        "r18904b140407197964.wav",
        "Greeting | new",
        "2014-04-07 19:07:05",
        datetime(2014, 4, 7, 23, 7, 5, tzinfo=UTC),
        None,
    )
    timed = AudioFile(reminder.file, reminder.title, reminder.created_text, created, 31.0)
    assert outcomes("audio_list", lambda text: parse_audio_list_reply(text, near=NEAR)) == {
        "live.B": [reminder, greeting],
        "blanks.D": [reminder, greeting],
        "with_duration.C": [timed],
        "empty.B": [],
        "refused.A": RefusalKind.CREDENTIALS,
        "other.D": UNKNOWN,
    }


LISTINGS = (
    "9381694821\n83242792891",
    "9381694821|Spring sale\n83242792891|Reminder",
    '[{"session_id": "9381694821", "title": "Spring sale"}, {"session_id": 83242792891}]',
)


def test_damage_never_yields_a_session_that_is_no_piece_of_one_listed() -> None:
    dice = random.Random(24)
    for _ in range(10_000):
        text = damaged(dice.choice(LISTINGS), dice, kept=string.digits + "\n", most=4)
        read = outcome(parse_campaign_by_date_reply, text)
        listed = [each.session_id for each in read] if isinstance(read, list) else []
        assert all(each in "9381694821" or each in "83242792891" for each in listed)


def test_a_time_of_day_does_not_bite_a_piece_off_a_session() -> None:
    assert parse_campaign_by_date_reply("93816948:21") == [ListedSession("93816948", "21")]


def test_the_date_beside_a_session_is_kept_as_it_stands_there() -> None:
    (listed,) = parse_campaign_by_date_reply("9381694821|Sale|2026-03-02 12:00:00|7")
    assert (listed.title, listed.dated) == ("Sale| |7", "2026-03-02 12:00:00")
    assert parse_campaign_by_date_reply("9381694821")[0].dated == ""
