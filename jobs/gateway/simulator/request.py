"""An HTTP request as it came."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query."""

    method: str
    target: str
    content_type: str
    body: bytes
