"""A front door of our own on a free port of this machine: the real server, with a site on any Redis."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from socket import create_server
from types import MappingProxyType

from redis import Redis

from config.settings import Settings
from jobs.desks import desk_at
from jobs.producer import Producer
from web.__main__ import Server, server
from web.access import PROOFS, Proof
from web.pages.live import Feed
from web.site import Site

NO_ENV: Mapping[str, str] = MappingProxyType({})


def make_site(
    redis: Redis, env: Mapping[str, str] = NO_ENV, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Site:
    """A site with the settings that this environment states, on this Redis."""
    settings = Settings.from_env(env)
    desk = desk_at(settings, redis, clock=clock)
    return Site(desk=desk, producer=Producer(redis, lead=timedelta(minutes=10), clock=clock), settings=settings)


@contextmanager
def front_door(
    site: Site,
    proofs: Sequence[Proof] = PROOFS,
    *,
    feed: Feed | None = None,
    on_server: Callable[[Server], object] = lambda server: None,
) -> Iterator[str]:
    """Runs the server while the context lasts, after `on_server` had it; its address, without a last slash."""
    listening = create_server(("127.0.0.1", 0))
    running = server(site, proofs=proofs)
    running.app.state.feed = feed or running.app.state.feed
    on_server(running)
    thread = threading.Thread(target=running.run, args=([listening],), name="front-door")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(30)
        listening.close()
