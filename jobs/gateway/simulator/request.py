"""An HTTP request as it came."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query."""

    method: str
    target: str
    content_type: str
    body: bytes

    def form(self) -> dict[str, str]:
        """The fields of the body; none if it is no form."""
        text = self.body.decode("utf-8", "replace") if self.is_form else ""
        return dict(parse_qsl(text, keep_blank_values=True))

    @property
    def is_form(self) -> bool:
        return self.content_type.partition(";")[0].strip().lower() == FORM
