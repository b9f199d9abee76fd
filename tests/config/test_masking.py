import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.masking import MAX_ITEMS, mask_name, mask_phone, mask_text, mask_value, text_mask
from tests.config.samples import PHONES, WRITINGS, shows, written

PHONE = "6175550123"


@dataclass
class Recipient:
    phone: str


class Odd:
    def __str__(self) -> str:
        raise RuntimeError(PHONE)

    __repr__ = __str__


def test_a_phone_shows_its_last_four_digits() -> None:
    assert mask_phone(PHONE) == mask_phone("(617) 555-0123") == "***0123"


@pytest.mark.parametrize("text", ["", "0123", "555-0123"])
def test_what_is_too_short_for_a_phone_shows_nothing(text: str) -> None:
    assert mask_phone(text) == "***"


@pytest.mark.parametrize("text", written(PHONE))
def test_a_phone_is_found_in_every_writing(text: str) -> None:
    assert "***0123" in mask_text(f"to {text}!")
    assert "555" not in mask_text(f"to {text}!")


@given(PHONES, st.sampled_from(WRITINGS), st.text(max_size=5), st.text(max_size=5))
def test_no_phone_survives_whatever_stands_around_it(phone: str, writing: str, before: str, after: str) -> None:
    text = before + writing.format(phone[:3], phone[3:6], phone[6:]) + after
    assert not shows(phone, mask_text(text))


@given(st.text() | st.from_regex(r"[0-9 ().+*/:@=%-]{0,60}") | st.lists(PHONES).map("-".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T06:44:10.123456+00:00",
        "2019-12-09 14:55:42",
        "20261123T064410Z",
        "192.168.100.200:6379",
        "10,000 of 25,000 phones in 12.5 s",
        "cmpabcdefghij",
        "5f2b9c1a",
        "job timeout 300, retry 2, 10, 60, 300, 900",
    ],
)
def test_dates_addresses_and_counts_stay(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rediss://user:pa55@host:6380/0", "rediss://host:6380/0"),
        ("redis://:p/w#x?y@host:1/0", "redis://host:1/0"),
        ("GET https://me:pw@audio.example.com/a.wav?sig=abc#x now", "GET https://audio.example.com/a.wav now"),
        ("https://example.com/a?mail=me@example.org", "https://example.com/a"),
        ("unix:///tmp/redis.sock?password=x", "unix:///tmp/redis.sock"),
        ("https://drops.example.com/postbacks/abcdefgh", "https://drops.example.com/postbacks/***"),
        ('"POST /postbacks/abcdefgh HTTP/1.1" 200', '"POST /postbacks/*** HTTP/1.1" 200'),
        ("c_dispo_url=https%3A%2F%2Fx%2Fpostbacks%2Fabc&a=b", "c_dispo_url=https%3A%2F%2F***&a=b"),
        ("c_uid=me&c_password=hush&c_title=x", "c_uid=me&c_password=***&c_title=x"),
        ("{'api_key': 'a b', \"token\": \"c\"}", "{'api_key': ***, \"token\": ***}"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
    ],
)
def test_urls_and_named_secrets_are_stripped(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize("secret", ["hunter22", "p&ss w/rd=é", 'quo"te\\d', "~+%41$"])
@pytest.mark.parametrize("spell", [str, repr, json.dumps, quote_plus, lambda secret: f"https://h/{secret}/x"])
def test_a_known_secret_vanishes_however_it_is_spelt(secret: str, spell: Any) -> None:
    shown = text_mask([secret])(f"said {spell(secret)} twice: {spell(secret)}")
    assert secret not in shown
    assert spell(secret).strip("'\"") not in shown


def test_a_secret_of_a_few_letters_does_not_blacken_the_log() -> None:
    assert text_mask(["a"])("a campaign") == "a campaign"


@pytest.mark.parametrize(
    "value",
    [
        PHONE,
        int(PHONE),
        float(PHONE),
        int("1" + PHONE),
        -int(PHONE),
        PHONE.encode(),
        b"\x00" + PHONE.encode() + b"\xff",
        [PHONE],
        (int(PHONE),),
        {PHONE},
        {PHONE: 1},
        {int(PHONE): 1},
        {"a": [{"b": (PHONE,)}]},
        Recipient(PHONE),
        ValueError(PHONE),
        Odd(),
        [Odd(), {"odd": Odd()}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_shows_a_phone(value: Any) -> None:
    assert "617555" not in json.dumps(mask_value({"field": value}))


def test_session_ids_stay_in_their_fields_only() -> None:
    event = {"session_id": "9381694821", "session_ids": [83242792891, "912345678"], "other": "9381694821"}
    assert mask_value(event) == event | {"other": "***4821"}
    assert mask_value({"a": {"session_id": 9381694821}}) == {"a": {"session_id": 9381694821}}


@pytest.mark.parametrize("value", ["(617) 555-0123", f"{PHONE},{PHONE}", {"x": PHONE}, [[PHONE + "\n"]]])
def test_other_things_in_a_session_field_are_masked(value: Any) -> None:
    assert "555" not in json.dumps(mask_value({"session_id": value}))


@pytest.mark.parametrize("name", ["password", "c_password", "API-Key", "postback_token", "Authorization", "apiKey"])
def test_a_field_named_like_a_secret_is_hidden(name: str) -> None:
    assert mask_value({name: "x", "deep": {name: 12345}}) == {name: "***", "deep": {name: "***"}}
    assert mask_value({name: None}) == {name: None}


def test_plain_values_stay_what_they_are() -> None:
    event = {"count": 10_000, "took_s": 0.25, "ok": True, "none": None, "at": "2026-11-23"}
    assert mask_value(event) == event


def test_other_values_become_text() -> None:
    shown = mask_value([datetime(2026, 11, 23, tzinfo=UTC), timedelta(seconds=5), float("nan"), 10**5000])
    assert shown == ["2026-11-23 00:00:00+00:00", "0:00:05", "<float>", "<int>"]


def test_long_lists_and_endless_structures_are_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "…" in json.dumps(mask_value(endless), ensure_ascii=False)
    shown = mask_value(list(range(10_000)))
    assert len(shown) == MAX_ITEMS
    assert shown[-1] == "… of 10000"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | PHONES | PHONES.map(int),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | PHONES, inner) | st.tuples(inner),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=200)
def test_any_value_becomes_plain_data_and_masking_it_again_changes_nothing(value: Any) -> None:
    once = mask_value(value)
    json.dumps(once, allow_nan=False)
    assert mask_value(once) == once


@pytest.mark.parametrize("around", ["{}", "Bearer {}", "wrong: {}, twice", "GET /v1/campaigns?x={}", "a{}"])
def test_a_webhook_s_secret_is_hidden_wherever_it_stands(around: str) -> None:
    secret = "whsec_" + "aB+/" * 10 + "xyz="
    assert secret[6:14] not in mask_text(around.format(secret))


@pytest.mark.parametrize(
    "said",
    [
        "dropline={}",
        "__Host-dropline={}; theme=dark",
        "theme=dark; dropline-form={}",
        "Cookie: other={}",
        "set-cookie: x={}",
    ],
)
def test_a_cookie_is_hidden(said: str) -> None:
    assert "c00kie" not in mask_text(f"headers were {said.format('c00kie-of-a-login')}")


@pytest.mark.parametrize("around", ["{}", "Bearer {}", "wrong: {}, twice", "GET /v1/campaigns?x={}", "a{}"])
def test_a_bearer_token_is_hidden_wherever_it_stands(around: str) -> None:
    token = "dpl_" + "aB_-" * 10 + "xyz"
    assert token[4:12] not in mask_text(around.format(token))


@pytest.mark.parametrize(
    "key",
    [
        "live-20261123-160957",
        "live-20261123-160957-5-1764000000",
        "live-20261123160957123-5",
        "live-202611231609",
        "sync_1764000000123_0005",
        "reminders-2026-11-23-1609575",
        "batch-1763913-12345",
        "live-1764000000.5551",
        "2026-11-23T16:09:57.123456+00:00",
    ],
)
def test_dates_and_counters_of_a_name_stay(key: str) -> None:
    assert mask_name(key) == key


@pytest.mark.parametrize("text", written(PHONE))
@pytest.mark.parametrize("around", ["{}", "live-20261123-{}", "{}-20261123", "reminder_{}_5", "a{}b", "{}/1764000000"])
def test_a_phone_in_a_name_is_masked_in_every_writing(text: str, around: str) -> None:
    shown = mask_name(around.format(text))
    assert not shows(PHONE, shown)
    assert "555" not in shown
    assert "***0123" in shown
    assert mask_name(shown) == shown


@given(PHONES, st.sampled_from(WRITINGS), st.from_regex(r"\D{0,5}", fullmatch=True))
def test_no_phone_that_stands_by_itself_survives_in_a_name(phone: str, writing: str, around: str) -> None:
    text = around + writing.format(phone[:3], phone[3:6], phone[6:]) + around
    assert not shows(phone, mask_name(text))


@pytest.mark.parametrize("glued", ["20261123{}", "{}20261123", "{}7", "9{}", "2026{}", "00{}00"])
def test_a_run_that_may_hold_a_phone_is_masked_in_a_name(glued: str) -> None:
    assert "6175550" not in mask_name(glued.format(PHONE))


@pytest.mark.parametrize("text", ["https://me:pw@h/a?token=canary", "token=canary", "dpl_canarycanary"])
def test_a_name_shows_no_secret_either(text: str) -> None:
    assert "canary" not in mask_name(text)
