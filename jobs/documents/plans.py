"""What a list comes to: how it was read, how many phones, and which rows are left out. No row's text is in it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from redis import Redis
from typing_extensions import TypedDict

from jobs.campaigns.plan import Excluded, Plan
from jobs.columns import Chosen
from jobs.contacts import Contacts
from jobs.ledger import campaigns
from jobs.models import CampaignView, ExcludedRow
from jobs.phones import Refusal

MOST_EXAMPLES = 10

EXCLUDED_COLUMNS = ("line", "reason", "sentence", "text", "kept_line")
"""Of the table of rows that were left out."""


class ReadingDocument(TypedDict):
    """How a contact file was read, and which column of it is called."""

    column: int
    name: str | None
    chosen_by: Chosen
    has_header: bool
    separator: str
    encoding: str


class ExampleDocument(TypedDict):
    """A row that is left out, by its line; of a duplicate also the line that was kept, where that is known."""

    line: int
    reason: str
    kept_line: int | None


class PlanDocument(TypedDict):
    """Rows, phones and what is left out: `rows` is `phones` plus `excluded`."""

    rows: int
    phones: int
    submissions: int
    excluded: int
    excluded_by_reason: dict[str, int]
    examples: list[ExampleDocument]


def reading_document(contacts: Contacts) -> ReadingDocument:
    """How a file was read, as JSON values."""
    column = contacts.column
    return {
        "column": column.position,
        "name": column.name or None,
        "chosen_by": column.chosen_by,
        "has_header": column.has_header,
        "separator": column.delimiter,
        "encoding": contacts.encoding,
    }


def plan_document(planned: Plan) -> PlanDocument:
    """A plan as JSON values, without the text of any row."""
    return {
        "rows": planned.row_count,
        "phones": planned.phone_count,
        "submissions": len(planned.chunks),
        "excluded": len(planned.excluded),
        "excluded_by_reason": dict(Counter(str(each.reason) for each in planned.excluded)),
        "examples": [_example(each) for each in examples(planned.excluded)],
    }


def taken_document(redis: Redis, campaign: CampaignView) -> PlanDocument:
    """The same of a campaign that was taken in, as the ledger has it: whoever asks again gets the same again."""
    rows = campaigns.excluded(redis, campaign.id)
    by_reason = campaigns.excluded_by_reason(redis, campaign.id)
    left_out = [
        Excluded(row.line, row.text, Refusal(row.reason), row.kept_line) for row in rows if row.reason in set(Refusal)
    ]
    return {
        "rows": campaign.rows,
        "phones": campaign.phone_count,
        "submissions": campaign.submission_count,
        "excluded": campaign.excluded_count,
        "excluded_by_reason": dict(by_reason.most_common()),
        "examples": [_example(each) for each in examples(left_out)],
    }


def _example(each: Excluded) -> ExampleDocument:
    return {"line": each.line, "reason": str(each.reason), "kept_line": each.kept_line}


def examples(excluded: Iterable[Excluded]) -> list[Excluded]:
    """Up to `MOST_EXAMPLES` rows that are left out, of as many reasons as there are, in the order of the input."""
    seen: Counter[Refusal] = Counter()
    ranked = []
    for each in excluded:
        seen[each.reason] += 1
        if seen[each.reason] <= MOST_EXAMPLES:
            ranked.append((seen[each.reason], each.line, each))
    chosen = sorted(ranked, key=lambda entry: entry[:2])[:MOST_EXAMPLES]
    return [each for _, _, each in sorted(chosen, key=lambda entry: entry[1])]


def excluded_rows(excluded: Iterable[ExcludedRow]) -> Iterator[tuple[int, str, str, str, int | None]]:
    """`EXCLUDED_COLUMNS` of each row that was left out."""
    for row in excluded:
        yield row.line, row.reason, sentence_of(row.reason), row.text, row.kept_line


def sentence_of(reason: str) -> str:
    """What a refusal's code means; nothing for a code that another version wrote."""
    return Refusal(reason).sentence if reason in set(Refusal) else ""
