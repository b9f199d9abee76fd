"""The mark of an attempt: it is found again in any listing, and tells nobody the token."""

from string import ascii_lowercase

from hypothesis import given
from hypothesis import strategies as st

from jobs.campaigns.marks import LONGEST_TITLE, MARK_LETTERS, bears, mark_of, marked
from jobs.gateway.replies import parse_campaign_by_date_reply
from jobs.ledger.submissions import new_token

tokens = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@given(tokens)
def test_a_mark_is_letters_alone_and_always_the_same(token: str) -> None:
    mark = mark_of(token)
    assert len(mark) == MARK_LETTERS
    assert set(mark) <= set(ascii_lowercase)
    assert mark == mark_of(token)


@given(st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=LONGEST_TITLE), tokens)
def test_the_title_that_is_sent_bears_the_mark_and_is_not_too_long(title: str, token: str) -> None:
    sent = marked(title.strip(), mark_of(token))
    assert len(sent) <= LONGEST_TITLE
    assert bears(sent, mark_of(token))
    assert sent == sent.strip()


def test_marks_differ() -> None:
    assert len({mark_of(new_token()) for _ in range(1_000)}) == 1_000


def test_a_mark_is_found_in_what_a_listing_says_of_a_title() -> None:
    mark = mark_of("a")
    for line in (f"5000000001|{marked('March 2026-03-02', mark)}", f'"5000000001"|"MARCH [{mark.upper()}]"|"12"'):
        (session,) = parse_campaign_by_date_reply(line)
        assert bears(session.title, mark)
        assert not bears(session.title, mark_of("b"))
    assert not bears(f"x{mark}", mark)
