"""What went wrong, as problem details (RFC 9457).

Law of the room: `type` is a stable path, and of what was sent in only names are repeated: a value may be a phone or a
secret.
"""

from web.problems.answers import add_to, refusal_of
from web.problems.kinds import Kind
from web.problems.refusals import MEDIA_TYPE, FlawDocument, ProblemDocument, Refusal, document, flaw
from web.problems.requests import check_query, not_json

__all__ = [
    "MEDIA_TYPE",
    "FlawDocument",
    "Kind",
    "ProblemDocument",
    "Refusal",
    "add_to",
    "check_query",
    "document",
    "flaw",
    "not_json",
    "refusal_of",
]
