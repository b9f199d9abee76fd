"""The door for postbacks, built in other ways to be compared with: `python -m benchmarks.doors WAY`.

ours         `web`, as it is
one by one   a thread for each postback, and a commit of its own
fastapi      a FastAPI route before the same group commit
granian      `web`'s application in another server, where that is installed
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Response
from starlette.requests import Request

from config.logs import configure_logs
from config.settings import LogLevel, Settings
from jobs.outcomes.hear import Heard, Posted
from web.__main__ import open_site, run, server
from web.app import create_app
from web.commits import Commits
from web.postbacks import ANSWERS, Hearing
from web.site import Site


def ours(site: Site) -> None:
    """`python -m web`."""
    run(server(site))


def one_by_one(site: Site) -> None:
    """What anybody would write first."""
    app, hearing = FastAPI(), Hearing(site)

    @app.post("/postbacks/{token}")
    def hear_one(token: str, body: Annotated[bytes, Body(media_type="application/x-www-form-urlencoded")]) -> Response:
        return ANSWERS[hearing([Posted(token, body)])[0]]

    _run(app, site)


def fastapi(site: Site) -> None:
    """A route that looks at its parameters, as all others do."""
    app = FastAPI()
    commits: Commits[Posted, Heard] = Commits(Hearing(site))

    @app.post("/postbacks/{token}")
    async def take(token: str, request: Request) -> Response:
        return ANSWERS[await commits.add(Posted(token, await request.body()))]

    _run(app, site)


def granian(site: Site) -> None:
    """A server in Rust, with one worker as ours."""
    interfaces, embed = import_module("granian.constants"), import_module("granian.server.embed")
    app, port = create_app(site), site.settings.port
    asyncio.run(embed.Server(app, port=port, interface=interfaces.Interfaces.ASGI, log_access=False).serve())


def _run(app: FastAPI, site: Site) -> None:
    run(uvicorn.Server(uvicorn.Config(app, port=site.settings.port, log_config=None, access_log=False)))


WAYS: Mapping[str, Callable[[Site], None]] = {
    "ours": ours,
    "one by one": one_by_one,
    "fastapi": fastapi,
    "granian": granian,
}

if __name__ == "__main__":
    configure_logs(LogLevel.WARNING)
    WAYS[sys.argv[1]](open_site(Settings.from_env(os.environ)))
