"""Group commit: what came within a few milliseconds is committed together, by one thread, and answered when it is.

One commit costs a few round trips and one wait for the server's disk, however many it carries. While one is under way
the next gathers, so that batches are small when little comes and large when much does.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

GATHER_S = 0.005
"""Whoever comes first waits so long for others."""
MOST_AT_ONCE = 500
MOST_WAITING = 4_000
"""More are turned away at once: they would only wait longer than whoever sent them does."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Full(Exception):
    """Too many wait already. Nothing was done."""


class Commits(Generic[Item, Result]):
    """The line before one committing thread. Used by one event loop; its thread starts with the first item."""

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        gather_s: float = GATHER_S,
        most_at_once: int = MOST_AT_ONCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._commit = commit
        self._gather_s = gather_s
        self._most_at_once = most_at_once
        self._most_waiting = most_waiting
        self._line: list[tuple[Item, asyncio.Future[Result]]] = []
        self._thread = ThreadPoolExecutor(1, "commits")
        self._work: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many are in line, besides those that are being committed."""
        return len(self._line)

    async def add(self, item: Item) -> Result:
        """What came of the item, once its batch is committed; raises `Full`, or what the commit raised."""
        if len(self._line) >= self._most_waiting:
            raise Full
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._line.append((item, done))
        if self._work is None:
            self._work = asyncio.create_task(self._empty_the_line())
        return await done

    async def _empty_the_line(self) -> None:
        try:
            while self._line:
                if len(self._line) < self._most_at_once:
                    await asyncio.sleep(self._gather_s)
                await self._commit_next()
        finally:
            self._work = None

    async def _commit_next(self) -> None:
        """Those who gave up waiting are passed over: they post again."""
        taken, self._line = self._line[: self._most_at_once], self._line[self._most_at_once :]
        batch = [(item, done) for item, done in taken if not done.done()]
        if not batch:
            return
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._thread, self._commit, [item for item, _ in batch])
        except Exception as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
