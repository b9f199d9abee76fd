"""Connections that dawdle are closed: uvicorn waits for the head of a request for ever, and keeps all of it.

A body is the business of whoever reads it, and has a deadline there. None of these connections writes an access log,
whatever a logger is set to: the path of a postback holds its token.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S = 10
"""From the connection, or a later request's first byte, to the end of its head."""
LONGEST_HEAD = 65_536
"""Bytes."""


class ImpatientProtocol(HttpToolsProtocol):
    """One connection of uvicorn's, with bounds on a request's head."""

    _head_deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first request is awaited from now on."""
        super().connection_made(transport)
        self.access_log = False
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_is_in()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Whatever arrives; a head that grows and grows ends the connection."""
        super().data_received(data)
        if self._head_deadline is None:
            return
        self._head_bytes += len(data)
        if self._head_bytes > LONGEST_HEAD:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The request begins."""
        self._head_is_in()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._head_deadline is None:
            self._head_bytes = 0
            self._head_deadline = self.loop.call_later(HEAD_WITHIN_S, self._close)

    def _head_is_in(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _close(self) -> None:
        transport: Any = self.transport
        transport.abort()
