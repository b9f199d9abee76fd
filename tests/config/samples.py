"""Made-up phones and the ways in which people and machines write them."""

from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

PHONES = st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)
"""Ten digits of the North American form."""

WRITINGS = (
    "{0}{1}{2}",
    "1{0}{1}{2}",
    "+1{0}{1}{2}",
    "({0}) {1}-{2}",
    "+1 ({0}) {1}-{2}",
    "{0}-{1}-{2}",
    "1-{0}-{1}-{2}",
    "{0}.{1}.{2}",
    "{0} {1} {2}",
    "{0}\u2013{1}\u2013{2}",
    "{0}{1}-{2}",
    "{0}{1}{2}@sms.example.com",
    "{0}{1}{2},{0}{1}{2}",
)


def written(phone: str) -> list[str]:
    """The phone in every form that must be recognised, also as a form body carries it."""
    plain = [form.format(phone[:3], phone[3:6], phone[6:]) for form in WRITINGS]
    return [*plain, *(quote_plus(text) for text in plain), *("%20" + quote(text) for text in plain)]


def shows(phone: str, text: str) -> bool:
    """Whether somebody who reads the text could dial the phone: its first six digits stand together in some form."""
    area, exchange = phone[:3], phone[3:6]
    return any(
        area + gap + exchange + end in text for gap in ("", "-", ".", " ", ") ", "\u2013") for end in _ends(phone)
    )


def _ends(phone: str) -> tuple[str, ...]:
    return tuple(gap + phone[6:] for gap in ("", "-", ".", " ", "\u2013"))
