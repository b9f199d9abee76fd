"""The front door as a whole."""

from concurrent.futures import ThreadPoolExecutor

import requests
from redis import Redis

from tests.web.front_door import front_door, make_site


def test_what_is_not_there_is_said_so(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis)) as address, ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: requests.get(f"{address}/nowhere", timeout=10).status_code, range(20)))
    assert answers == [404] * 20
