"""rq-dashboard as a WSGI application: on our connection, showing nothing harmful, with a narrow policy."""

import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import rq_dashboard
import rq_dashboard.web as pages
from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from redis.exceptions import RedisError, ResponseError
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer

from web.access import Scope, Visitor
from web.dashboard.shown import REPLACED
from web.pages.files import ADDRESSES
from web.site import Site
from web.turns import RETRY_AFTER_S

VISITOR = "dropline.visitor"
"""Where the door leaves who is asking, in the scope of the request."""

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""As narrow as rq-dashboard allows: its templates are compiled in the browser, and its elements carry styles."""

_INLINE_SCRIPT = '<script type="text/javascript">'
_TITLE = "<title>RQ dashboard</title>"
_HEAD_ENDS = "</head>"
_BODY_BEGINS = "<body>"
_STYLES = "".join(f'<link rel="stylesheet" href="{ADDRESSES[name]}">' for name in ("colours.css", "queues.css"))
_BAR = (
    '<header class="dropline"><a href="/">\N{LEFTWARDS ARROW} Dropline</a><span>Queues, as RQ sees them</span>'
    '<a class="halt" href="/halt">{halt}</a></header>'
    "<noscript><p>RQ's pages are filled in by JavaScript, which is off here: what they list never comes. "
    'Who is at work stands on <a href="/">the first page</a>, too.</p></noscript>'
)
_WATCH_ONLY = (
    "<style>#empty-btn, #requeue-all-btn, #compact-btn, #requeue-job-btn, #delete-job-btn, .actions"
    "{ display: none !important }</style>"
)


class _Json(DefaultJSONProvider):
    """The templates put texts into the page as they are; without a `<` none of them begins an element."""

    def dumps(self, obj: Any, **options: Any) -> str:
        """As ever, with a look-alike for `<`."""
        return super().dumps(obj, **options).replace("<", "\\u2039")


def application(site: Site) -> Flask:
    """rq-dashboard's pages, without a door."""
    for name, own in REPLACED.items():
        setattr(pages, name, own)
    pages.config.serializer = JSONSerializer
    app = Flask("rq_dashboard", static_folder=Path(rq_dashboard.__file__).parent / "static")
    app.json = _Json(app)
    app.config["RQ_DASHBOARD_REDIS_URL"] = ["the ledger's server"]  # what stands here is shown
    app.config["RQ_DASHBOARD_POLL_INTERVAL"] = 5_000
    app.redis_conn = site.redis  # type: ignore[attr-defined]  # rq-dashboard's name
    app.register_blueprint(pages.blueprint)
    app.before_request_funcs.pop("rq_dashboard", None)  # it would open a connection of its own for each request
    app.after_request(partial(_dress, site))
    app.register_error_handler(NoSuchJobError, lambda _: (_page("There is no such job any more."), 404))
    app.register_error_handler(
        RedisError, lambda _: (_page("Redis does not answer."), 503, {"Retry-After": str(RETRY_AFTER_S)})
    )
    # RQ renames what is not there, as where an empty queue is compacted.
    app.register_error_handler(
        ResponseError, lambda _: (_page("There is nothing to do that with, or not any more."), 409)
    )
    return app


def _page(words: str) -> str:
    icon = f'<link rel="icon" href="{ADDRESSES["mark.svg"]}">'
    return f'<!doctype html><html lang="en"><head>{icon}{_TITLE}</head><body><main><p>{words}</p></main></body></html>'


def _dress(site: Site, response: Response) -> Response:
    """Give a page its policy, our colours and a way back, and take away the buttons of who may only watch."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    nonce = secrets.token_urlsafe(16)
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    if response.mimetype == "text/html" and not response.direct_passthrough:
        response.set_data(_dressed(response.get_data(as_text=True), nonce, _bar(site)))
    return response


def _dressed(page: str, nonce: str, bar: str) -> str:
    """What stands in a page but once is looked for once: words of a job come after it."""
    styles = _STYLES if _may_control() else _STYLES + _WATCH_ONLY
    page = page.replace(_INLINE_SCRIPT, f'<script nonce="{nonce}">')
    page = page.replace(_TITLE, "<title>Queues · Dropline</title>", 1)
    return page.replace(_HEAD_ENDS, styles + _HEAD_ENDS, 1).replace(_BODY_BEGINS, _BODY_BEGINS + bar, 1)


def _bar(site: Site) -> str:
    """With what holds up everything; a page that says that Redis is away has it as ever."""
    is_halted = False
    with suppress(RedisError):
        is_halted = site.is_halted
    return _BAR.format(halt="Halted" if is_halted else "Halt")


def _may_control() -> bool:
    visitor: Visitor | None = request.environ["asgi.scope"].get(VISITOR)
    return visitor is not None and visitor.may(Scope.CONTROL)
