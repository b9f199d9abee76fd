"""Which workers there are."""

from config.queues import QUEUES
from config.settings import Settings
from worker.supervisor import slots


def test_every_queue_is_served_and_control_by_a_worker_of_its_own() -> None:
    settings = Settings.from_env({"WORKERS_CAMPAIGNS": "3", "WORKERS_STATUS": "2"})
    names = [slot.name for slot in slots(settings)]
    assert names == ["control-1", "campaigns-1", "campaigns-2", "campaigns-3", "status-1", "status-2"]
    assert {slot.queue for slot in slots(Settings.from_env({}))} == set(QUEUES)
