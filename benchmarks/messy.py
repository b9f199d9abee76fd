"""A contact list as people have it, made up from a seed: fictitious people, 555 numbers, and every kind of mess.

The writer says what it wrote, so that reading the list can be judged against it.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

from jobs.phones import Refusal

HEADER = ["Customer", "Name", "City", "Mobile Phone", "Last order", "Notes"]

AREA_CODES = [code for code in range(200, 1000) if code % 100 != 11]
MOST_PHONES = len(AREA_CODES) * 10_000
"""Distinct numbers of the form NPA-555-XXXX."""

PHONE = "phone"
"""The kind of a row whose phone is good and new; the other kinds are codes of `Refusal`."""

WEIGHTS: Mapping[str, float] = {
    PHONE: 88,
    Refusal.DUPLICATE: 5,
    Refusal.EMPTY: 2,
    Refusal.NOT_A_NUMBER: 1,
    Refusal.SPREADSHEET_NUMBER: 1,
    Refusal.TOO_SHORT: 1,
    Refusal.FOREIGN: 1,
    Refusal.EXTENSION: 0.5,
    Refusal.INVALID_AREA_CODE: 0.5,
}
"""How common each kind is, in percent."""

SPELLINGS = [
    "{0}{1}{2}",
    "({0}) {1}-{2}",
    "{0}.{1}.{2}",
    "{0}-{1}-{2}",
    "+1 {0} {1} {2}",
    "1-{0}-{1}-{2}",
    "+1{0}{1}{2}",
    " {0} {1} {2} ",
    "{0}{1}{2}.0",
    "({0})\u00a0{1}\u2011{2}",
]

FIRST_NAMES = ["Ada", "Bao", "Chloé", "Dario", "Edda", "Femi", "Grace", "Hana", "Iñaki", "Jun"]
LAST_NAMES = ["Quillfeather", "Marblestone", "O'Fennimore", "Tanglewood", "van der Mist", "Brightwater", "Nørdahl"]
CITIES = ["Lakeborough", "Elm Hollow", "Port Amity", "St. Marrow"]
NOTES = ["", "", "", "prefers mornings", 'says "call me"', "moved, see CRM", "two lines:\nhome and office"]


def write_messy_csv(path: Path, rows: int, seed: int) -> Counter[str]:
    """Write `rows` contacts (UTF-8, commas, a header, a few blank lines) and return how many there are of each kind."""
    random = Random(seed)
    number = _numbering(random)
    written: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for index, kind in enumerate(_kinds(random, rows)):
            text = _text(kind, written[PHONE], number, random)
            writer.writerow(_contact(index, text, random))
            written[kind] += 1
            if random.random() < 0.001:
                file.write("\r\n")
    return written


def _kinds(random: Random, rows: int) -> Iterator[str]:
    """The kinds of the rows. The first one is a phone, so that there is something to be a duplicate of."""
    yield from [PHONE][:rows]
    for _ in range(rows - 1):
        yield random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]


def _numbering(random: Random) -> Callable[[int], str]:
    """Distinct numbers by position, in no visible order and without remembering any: a stride prime to their count."""
    offset, stride = random.randrange(MOST_PHONES), 3_141_593

    def number(position: int) -> str:
        if position >= MOST_PHONES:
            raise ValueError(f"there are only {MOST_PHONES} numbers of this form")
        area, line = divmod((offset + position * stride) % MOST_PHONES, 10_000)
        return f"{AREA_CODES[area]}555{line:04}"

    return number


def _text(kind: str, phones: int, number: Callable[[int], str], random: Random) -> str:
    """The cell of a row of this kind, after `phones` good ones."""
    if kind == PHONE:
        return _spelled(number(phones), random)
    earlier = number(random.randrange(phones))
    if kind == Refusal.DUPLICATE:
        return _spelled(earlier, random)
    return random.choice(_SPOILT[kind])(earlier)


def _spelled(phone: str, random: Random) -> str:
    return random.choice(SPELLINGS).format(phone[:3], phone[3:6], phone[6:])


_SPOILT: Mapping[str, list[Callable[[str], str]]] = {
    Refusal.EMPTY: [lambda _: "", lambda _: "  ", lambda _: "-"],
    Refusal.NOT_A_NUMBER: [lambda _: "n/a", lambda _: "ask reception", lambda phone: f"{phone} (Bob)"],
    Refusal.SPREADSHEET_NUMBER: [lambda phone: f"{float(phone):.5E}", lambda phone: f"{float(phone):.9E}"],
    Refusal.TOO_SHORT: [lambda phone: phone[3:], lambda phone: f"{phone[:3]}-{phone[3:6]}-{phone[6:9]}"],
    Refusal.FOREIGN: [lambda phone: f"+44 20 7946 {phone[6:]}", lambda phone: f"011 49 30 {phone[2:]}"],
    Refusal.EXTENSION: [lambda phone: f"{phone} x{phone[-2:]}", lambda phone: f"{phone} ext. 7"],
    Refusal.INVALID_AREA_CODE: [lambda phone: f"1{phone[1:]}", lambda phone: f"({phone[0]}11) 555-{phone[6:]}"],
}


def _contact(index: int, text: str, random: Random) -> list[str]:
    name = f"{random.choice(LAST_NAMES)}, {random.choice(FIRST_NAMES)}"
    last_order = f"202{random.randrange(6)}-0{random.randrange(1, 10)}-1{random.randrange(10)}"
    return [f"C-{index + 1:07}", name, random.choice(CITIES), text, last_order, random.choice(NOTES)]
