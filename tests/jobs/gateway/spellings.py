"""The ways in which the gateway has been seen, or must be feared, to spell its answers: each oddity at least once."""

from jobs.gateway.simulator import Dialect as Spelling
from jobs.gateway.simulator import Layout

SPELLINGS = (
    Spelling(),
    Spelling(
        layout=Layout.TITLE_CASE,
        quoted_records=True,
        failure_word="Fail",
        id_with_controls=True,
        dates_layout="titled",
        balance_with_ok=True,
    ),
    Spelling(layout=Layout.BARE_ID, five_fields=True, record_prefix=False, pending_records=True, dates_layout="table"),
    Spelling(blanks_for_newlines=True, id_with_controls=True, dates_layout="one_line", balance_with_ok=True),
    Spelling(
        blanks_for_newlines=True,
        layout=Layout.BARE_ID,
        quoted_records=True,
        record_prefix=False,
        dates_layout="labelled",
        thousands_commas=True,
    ),
    Spelling(crlf=True, bom=True, count="absent", json_ids_as_numbers=True, json_underscores=True),
    Spelling(json_everywhere=True, json_lone_record=True, content_type="text/plain"),
)
