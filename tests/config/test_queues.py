import pytest

from config.queues import QUEUES, QueueSpec, queue_named


def test_control_is_drained_first_and_status_last() -> None:
    assert [queue.name for queue in QUEUES] == ["control", "campaigns", "status"]


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.name)
def test_waits_between_tries_only_grow(queue: QueueSpec) -> None:
    assert list(queue.retry_waits_s) == sorted(queue.retry_waits_s)


def test_a_queue_is_found_by_its_name() -> None:
    assert queue_named("campaigns").timeout_s == 300


def test_an_unknown_queue_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(LookupError, match="control, campaigns, status"):
        queue_named("campaign")
