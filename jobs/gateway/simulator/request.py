"""An HTTP request as it came."""

from dataclasses import dataclass

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query."""

    method: str
    target: str
    content_type: str
    body: bytes

    @property
    def is_form(self) -> bool:
        return self.content_type.partition(";")[0].strip().lower() == FORM
