"""Connections to receivers of postbacks."""

import http.client
from http import HTTPStatus
from urllib.parse import SplitResult, urlencode, urlsplit

_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Lines:
    """Open connections, one for each host; used by one thread."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def post(self, url: str, record: str, timeout_s: float) -> bool:
        """Whether the receiver answered 200 and a body of exactly `OK`. The scheme is http or https."""
        parts = urlsplit(url)
        was_open = (parts.scheme, parts.netloc) in self._open
        try:
            return self._post(parts, record, timeout_s)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            # A receiver may hang up on a connection left open; that is no answer to this record.
            return was_open and not isinstance(error, TimeoutError) and self.post(url, record, timeout_s)

    def close(self) -> None:
        """Hang up on all; the next post opens anew."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _post(self, parts: SplitResult, record: str, timeout_s: float) -> bool:
        connection = self._connection(parts, timeout_s)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", target, urlencode({"var": record}), headers)
        response = connection.getresponse()
        return response.read() == b"OK" and response.status == HTTPStatus.OK

    def _connection(self, parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
        place = (parts.scheme, parts.netloc)
        if place not in self._open:
            self._open[place] = _KINDS[parts.scheme](parts.hostname or "", parts.port, timeout=timeout_s)
        return self._open[place]
