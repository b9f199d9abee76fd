"""Group commit: everybody is answered by their own batch, and nobody waits without end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from web.commits import Commits, Full


def doubled(batches: list[list[int]]) -> Callable[[Sequence[int]], list[int]]:
    def commit(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        return [item * 2 for item in items]

    return commit


def run(story: Callable[[], Awaitable[Any]]) -> Any:
    async def told() -> Any:
        return await story()

    return asyncio.run(told())


def test_what_comes_together_is_committed_together_and_answered_one_by_one() -> None:
    batches: list[list[int]] = []
    commits = Commits(doubled(batches))
    answers = run(lambda: asyncio.gather(*map(commits.add, range(40))))
    assert answers == [number * 2 for number in range(40)]
    assert batches == [list(range(40))]


def test_a_batch_has_a_most() -> None:
    batches: list[list[int]] = []
    commits = Commits(doubled(batches), most_at_once=15)
    run(lambda: asyncio.gather(*map(commits.add, range(40))))
    assert [len(batch) for batch in batches] == [15, 15, 10]


def test_a_batch_that_fails_fails_for_all_of_it_and_for_nobody_else() -> None:
    def commit(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise OSError("no disk")
        return list(items)

    commits = Commits(commit, most_at_once=5, gather_s=0)
    answers = run(lambda: asyncio.gather(*map(commits.add, range(10)), return_exceptions=True))
    assert [type(each) for each in answers] == [OSError] * 5 + [int] * 5


def test_who_finds_too_many_in_line_is_turned_away_at_once() -> None:
    go_on = threading.Event()

    def commit(items: Sequence[int]) -> list[int]:
        go_on.wait(10)
        return list(items)

    commits = Commits(commit, most_at_once=1, most_waiting=3)

    async def story() -> tuple[list[int], int]:
        waiting = [asyncio.create_task(commits.add(number)) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Full):
            await commits.add(99)
        in_line = commits.waiting
        go_on.set()
        return await asyncio.gather(*waiting), in_line

    assert run(story) == ([0, 1, 2], 3)


def test_who_gave_up_waiting_is_not_committed() -> None:
    batches: list[list[int]] = []
    commits = Commits(doubled(batches))

    async def story() -> int:
        gone = asyncio.create_task(commits.add(1))
        await asyncio.sleep(0)
        gone.cancel()
        return await commits.add(2)

    assert run(story) == 4
    assert batches == [[2]]
