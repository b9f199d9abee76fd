"""Connections that dawdle are closed: uvicorn waits for the head of a request for ever, and keeps all of it; and it
waits for ever for somebody to take an answer.

Law of the room: whoever has not said what they want holds one connection, some kilobytes and no more, for seconds; and
where all places are taken, the first of them makes room for whoever comes. A body is the business of whoever reads it,
and has a deadline there. None of these connections writes an access log, whatever a logger is set to: the path of a
postback holds its token.
"""

import asyncio
import resource
import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S = 10.0
"""From the connection, or the first byte after a request, to the end of the next head."""
REST_WITHIN_S = 20.0
"""How long somebody may go on sending the body of a request that has its answer."""

TAKEN_WITHIN_S, LEAST_TAKEN = 20.0, 16_384
"""Of an answer that waits to be taken, so many bytes must go, or all of them, each time that so many seconds pass."""

LONGEST_HEAD = 65_536
"""Bytes that come to nothing: of a head, of a chunk's or of those behind the last chunk. One read may bring more."""
MOST_AHEAD = 16
"""Requests that are sent before the first has its answer."""

MOST_OPEN = 1_000
"""Connections of people, machines and the gateway together."""
OTHER_FILES = 64
"""That a process has open besides."""

_SAID = b"too many are here; come again\n"
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(_SAID), _SAID)
)


class TooMuch(Exception):
    """More requests are sent ahead than anybody needs; uvicorn answers 400 and closes."""


def most_open() -> int:
    """As many connections as this process may have files for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST_OPEN, files - OTHER_FILES))


class ImpatientProtocol(HttpToolsProtocol):
    """One connection of uvicorn's, with bounds on what is no request yet."""

    head_within_s = HEAD_WITHIN_S
    rest_within_s = REST_WITHIN_S
    taken_within_s = TAKEN_WITHIN_S
    most_open = staticmethod(most_open)

    _deadline: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _untaken = 0
    _for_nothing = 0
    _is_in_body = False
    _idle_since = 0.0
    """By a finer clock than the loop's, by which all that came together are equally old."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first request is awaited from now on, unless there is no room at all."""
        super().connection_made(transport)
        self.access_log = False
        self._idle_since = time.monotonic()
        self._wait_at_most(self.head_within_s)
        if len(self.connections) > self.most_open():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._wait_no_more()
        self._watch_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Whatever arrives; what grows and grows and comes to nothing ends the connection."""
        self._for_nothing += len(data)
        super().data_received(data)
        if self._for_nothing > LONGEST_HEAD:
            self.transport.abort()
        elif self._is_idle and self._for_nothing:
            self._wait_at_most(self.head_within_s)

    def on_headers_complete(self) -> None:
        """The request begins. Raises `TooMuch` through the parser."""
        if len(self.pipeline) >= MOST_AHEAD:
            raise TooMuch
        self._wait_no_more()
        self._for_nothing, self._is_in_body = 0, True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of it has come."""
        self._for_nothing = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it has come, and what follows is the next."""
        self._wait_no_more()
        self._for_nothing, self._is_in_body = 0, False
        super().on_message_complete()
        if self._is_idle:  # uvicorn forgets to wait for the next one, where the answer came before the end of the body
            self._wait_at_most(self.head_within_s)

    def on_response_complete(self) -> None:
        """It has its answer, though its body may still be coming."""
        super().on_response_complete()
        self._idle_since = time.monotonic()
        if self._is_in_body:
            self._wait_at_most(self.rest_within_s)

    def pause_writing(self) -> None:
        """More waits to be taken than the transport wants to hold: whoever writes waits, too."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Enough of it was taken."""
        super().resume_writing()
        self._watch_no_more()

    def timeout_keep_alive_handler(self) -> None:
        """No other request has come; what is left of the last answer may still be taken."""
        super().timeout_keep_alive_handler()
        self._watch()

    def shutdown(self) -> None:
        """The process is to end; what is left of an answer may still be taken."""
        super().shutdown()
        self._watch()

    @property
    def _is_idle(self) -> bool:
        """Whether nobody works at a request of it."""
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        """Let go of the connection that has said nothing for longest; where all have, of this one, with an answer."""
        idle = (each for each in self.connections if isinstance(each, ImpatientProtocol) and each._is_idle)
        found = min(idle, key=lambda each: each._idle_since, default=self)
        if found is self:
            self.transport.write(FULL)
            self.transport.close()
        else:
            self.connections.discard(found)
            found.transport.abort()

    def _wait_at_most(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self._give_up)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch(self) -> None:
        """See that what waits to be taken is taken."""
        self._watch_no_more()
        self._untaken = self.transport.get_write_buffer_size()
        if self._untaken:
            self._taking = self.loop.call_later(self.taken_within_s, self._see_what_was_taken)

    def _see_what_was_taken(self) -> None:
        if self.transport.get_write_buffer_size() > self._untaken - LEAST_TAKEN:
            self.transport.abort()
        else:
            self._watch()

    def _watch_no_more(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _give_up(self) -> None:
        self.transport.abort()
