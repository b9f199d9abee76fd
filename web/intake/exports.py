"""Every phone of a campaign, and every row that was left out: streamed, as JSON, CSV or JSON lines.

Of results a submission at a time is held in memory. The rows that were left out lie in the ledger as one packed piece,
and all of them are held, unpacked. What breaks off in the middle is cut short, and does not end like a whole one.
"""

import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query
from redis import Redis
from starlette.requests import Request
from starlette.responses import StreamingResponse

from config.masking import mask_phone
from jobs.campaigns.control import known
from jobs.documents.plans import EXCLUDED_COLUMNS, excluded_rows
from jobs.documents.results import COLUMNS, result_rows
from jobs.documents.tables import Rows, write_csv
from jobs.documents.values import masked_row
from jobs.ledger import campaigns
from jobs.ledger.looks import note_look
from jobs.models.scopes import Scope
from jobs.phones import split
from web.bodies import Room
from web.intake.edge import Edge
from web.intake.shapes import CampaignId, Reader, problems
from web.problems import Kind, Refusal
from web.site import OurSite, Site
from web.visitors import Visitor

router = APIRouter(route_class=Edge, tags=["results"])

ROWS_AT_ONCE = 1_000
"""Written in one piece."""

MOST_AT_ONCE, BYTES_EACH = 8, 8_000_000
"""Exports under way, one visitor's at most half, and what each may hold: a submission, unpacked, and a piece."""
WITHIN_S = 3_600.0
"""How long one may take. Somebody who takes nothing at all is let go much earlier, by `web.dawdlers`."""


class TakenTooSlowly(Exception):
    """An export was not taken in time, and was cut short."""


def add_to(app: FastAPI) -> None:
    """What exports hold, for as long as the process lives."""
    app.state.exports = Room(MOST_AT_ONCE * BYTES_EACH)


async def place(request: Request, visitor: Reader) -> AsyncIterator[None]:
    """A dependency: a place until the last byte has left; raises `Busy` where there is none."""
    with request.app.state.exports.hold(visitor.name, BYTES_EACH):
        yield


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    """An object with the campaign's id and all rows."""
    CSV = "csv"
    """With a header; fields that are unknown are empty, and none is a formula."""
    JSONL = "jsonl"
    """An object per line; fields that are unknown are null."""


MEDIA_TYPES = {Format.JSON: "application/json", Format.CSV: "text/csv", Format.JSONL: "application/jsonl"}
ALSO_MEANT = {"application/x-ndjson": Format.JSONL, "*/*": Format.JSON, "application/*": Format.JSON}

Wanted = Annotated[Format | None, Query(alias="format", description="Goes before the header Accept.")]
Accept = Annotated[str, Header(include_in_schema=False)]

_CELL = {"type": ["string", "integer", "null"]}


def _written(rows: str, columns: Sequence[str]) -> dict[int | str, dict[str, Any]]:
    row = {"type": "object", "properties": dict.fromkeys(columns, _CELL), "required": list(columns)}
    fields = {"campaign_id": {"type": "string"}, rows: {"type": "array", "items": row}}
    whole = {"type": "object", "properties": fields, "required": list(fields)}
    lines = {MEDIA_TYPES[each]: {"schema": {"type": "string"}} for each in (Format.CSV, Format.JSONL)}
    return {200: {"description": "All of them", "content": {MEDIA_TYPES[Format.JSON]: {"schema": whole}, **lines}}}


_REFUSED = problems(Kind.UNKNOWN_CAMPAIGN, Kind.NOT_ACCEPTABLE, Kind.PHONES_DROPPED)


@dataclass(frozen=True, slots=True)
class Export:
    """Rows of a campaign that may hold phones: what they are called in JSON and on record, and how they are masked."""

    name: str
    recorded_as: str
    columns: Sequence[str]
    told_in: str
    """The column that may hold a phone."""
    mask: Callable[[str], str]
    read: Callable[[Redis, str], Rows]


def _excluded(redis: Redis, campaign_id: str) -> Rows:
    return excluded_rows(campaigns.excluded(redis, campaign_id))


RESULTS = Export("results", "results", COLUMNS, "phone", mask_phone, result_rows)
EXCLUDED = Export("excluded", "rows left out", EXCLUDED_COLUMNS, "text", masked_row, _excluded)


@router.get(
    "/campaigns/{campaign_id}/results",
    summary="How each drop ended",
    dependencies=[Depends(place)],
    response_class=StreamingResponse,
    responses={**_REFUSED, **_written("results", COLUMNS)},
)
def results(
    site: OurSite, visitor: Reader, campaign_id: CampaignId, wanted: Wanted = None, accept: Accept = "*/*"
) -> StreamingResponse:
    """Every phone and how its drop ended. Phones are whole with the scope `phones` alone, else their last digits."""
    return _exported(RESULTS, site, visitor, campaign_id, _format(wanted, accept))


@router.get(
    "/campaigns/{campaign_id}/excluded",
    summary="Rows that were left out",
    dependencies=[Depends(place)],
    response_class=StreamingResponse,
    responses={**_REFUSED, **_written("excluded", EXCLUDED_COLUMNS)},
)
def excluded(
    site: OurSite, visitor: Reader, campaign_id: CampaignId, wanted: Wanted = None, accept: Accept = "*/*"
) -> StreamingResponse:
    """Every row that was left out, by its line, and why. What it said is whole with the scope `phones` alone."""
    return _exported(EXCLUDED, site, visitor, campaign_id, _format(wanted, accept))


def _exported(export: Export, site: Site, visitor: Visitor, campaign_id: str, written: Format) -> StreamingResponse:
    """Who sees whole phones is remembered, before the first of them leaves."""
    if known(site.redis, campaign_id).phones_dropped_at:
        raise Refusal(Kind.PHONES_DROPPED)
    rows = export.read(site.redis, campaign_id)
    if visitor.may(Scope.PHONES):
        note_look(site.redis, visitor.name, f"campaign {campaign_id}, {export.recorded_as}", site.now)
    else:
        at = export.columns.index(export.told_in)
        rows = ([*row[:at], export.mask(str(row[at])), *row[at + 1 :]] for row in rows)
    return _streamed(written, campaign_id, export.name, export.columns, rows)


def _format(wanted: Format | None, accept: str) -> Format:
    """What is asked for; of several that are accepted, the first in the header."""
    if wanted:
        return wanted
    known_types = {**{media: each for each, media in MEDIA_TYPES.items()}, **ALSO_MEANT}
    accepted = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    found = next((known_types[each] for each in accepted if each in known_types), None)
    if found is None:
        raise Refusal(Kind.NOT_ACCEPTABLE)
    return found


def _streamed(written: Format, campaign_id: str, name: str, columns: Sequence[str], rows: Rows) -> StreamingResponse:
    rest = iter(rows)
    begun = chain(list(islice(rest, 1)), rest)  # a ledger that is away is answered as such, not by a cut
    pieces = in_time(_PIECES[written](campaign_id, name, columns, begun))
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[written])


def in_time(pieces: Iterator[str], *, within_s: float = WITHIN_S) -> Iterator[str]:
    """Raises `TakenTooSlowly` where they are still asked for when the time is over."""
    ends_at = time.monotonic() + within_s
    for piece in pieces:
        if time.monotonic() > ends_at:
            raise TakenTooSlowly(f"an export was not taken within {within_s / 60:.0f} minutes and was cut short")
        yield piece


def _json(campaign_id: str, name: str, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    before = f'{{"campaign_id": {json.dumps(campaign_id)}, "{name}": ['
    for piece in split(rows, ROWS_AT_ONCE):
        yield before + ",\n".join(_objects(columns, piece))
        before = ",\n"
    yield "]}\n" if before == ",\n" else f"{before}]}}\n"


def _jsonl(_: str, __: str, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    for piece in split(rows, ROWS_AT_ONCE):
        yield "".join(f"{line}\n" for line in _objects(columns, piece))


def _csv(_: str, __: str, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    for piece in chain([[columns]], split(rows, ROWS_AT_ONCE)):
        text = io.StringIO()
        write_csv(text, piece)
        yield text.getvalue()


def _objects(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    return (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)


_PIECES: dict[Format, Callable[[str, str, Sequence[str], Rows], Iterator[str]]] = {
    Format.JSON: _json,
    Format.CSV: _csv,
    Format.JSONL: _jsonl,
}
