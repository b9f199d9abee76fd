"""What a request is answered with: the desk, the producer and the settings of this process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends
from redis import Redis
from starlette.requests import HTTPConnection

from config.outage import Outage
from config.settings import Settings
from jobs.campaigns.desk import Desk
from jobs.ledger import amnesia
from jobs.producer import Producer


@dataclass(frozen=True, slots=True)
class Site:
    """One per process, made at its start."""

    desk: Desk
    producer: Producer
    settings: Settings
    outage: Outage = field(default_factory=Outage)
    """Of the ledger, as people who look at pages and programs that ask come to notice it."""

    @property
    def redis(self) -> Redis:
        """The desk's connection."""
        return self.desk.redis

    @property
    def is_halted(self) -> bool:
        """Whether nothing is sent at present, whyever; asks the ledger, and raises `RedisError`."""
        return amnesia.look(self.redis, now=self.now) is not None

    @property
    def now(self) -> datetime:
        """The present, as an aware instant."""
        return self.desk.clock()


def site_of(connection: HTTPConnection) -> Site:
    """The site that this request came to."""
    return cast("Site", connection.app.state.site)


OurSite = Annotated[Site, Depends(site_of)]
"""A handler's parameter of this type is the site."""
