"""The mark of an attempt: eight letters in the title of a session, by which it is known again in the gateway's listing.

It is a digest of the attempt's token and does not give it away, for whoever sees the title must not be able to write to
the postback URL. Letters alone: a listing's numbers are taken for session ids.
"""

import re
from collections.abc import Collection
from hashlib import blake2b

from jobs.models import Submission

MARK_LETTERS = 8
"""38 bits: two of a day's sessions do not share one."""
LONGEST_TITLE = 200
"""Characters that are sent, with the mark: as many as a producer may state."""

_LETTERS = "bcdfghjklmnpqrstvwxzaeiouy"
_WORD = re.compile(rf"(?<![a-z])[a-z]{{{MARK_LETTERS}}}(?![a-z])")


def mark_of(token: str) -> str:
    """The mark of the attempt with this token."""
    number = int.from_bytes(blake2b(token.encode(), digest_size=16, person=b"dropline mark").digest())
    letters = []
    for _ in range(MARK_LETTERS):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def marked(title: str, mark: str) -> str:
    """The title that is sent, such as `March [kcfwqvzt]`; a long one loses its end, never its mark."""
    tail = f"[{mark}]"
    return f"{title[: LONGEST_TITLE - len(tail) - 1].rstrip()} {tail}".lstrip()


def bears(title: str, mark: str) -> bool:
    """Whether a listed title has this mark, however the gateway wrote it."""
    return last_borne(title, [mark]) == mark


def last_borne(title: str, marks: Collection[str]) -> str:
    """The one of these marks that stands last in a listed title, '' for none: who copies a title as it was sent has its
    own mark put behind it.
    """
    found = [each for each in _WORD.findall(title.casefold()) if each in marks]
    return found[-1] if found else ""


def marks_of(submission: Submission) -> set[str]:
    """Those of all its attempts."""
    return {mark_of(each) for each in (submission.attempt, *(former.token for former in submission.former))}
