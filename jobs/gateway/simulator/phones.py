"""Phone numbers as the gateway reads them."""

import re

_PHONE = re.compile(r"1?([2-9]\d{9})", re.ASCII)


def read_phones(text: str) -> list[str]:
    """Ten digits for each number between commas, or an empty text for one that is none."""
    return [read_phone(each) for each in text.split(",")] if text.strip() else []


def read_phone(text: str) -> str:
    """Ten digits, with or without a leading 1 before them; an empty text for anything else."""
    match = _PHONE.fullmatch(text.strip())
    return match[1] if match else ""
