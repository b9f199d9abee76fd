"""The whole of what answers, put together."""

from collections.abc import Sequence

from fastapi import FastAPI

from web import dashboard, health, intake, metrics, pages, postbacks
from web.access import PROOFS, Proof
from web.hosts import NamedHosts
from web.pages import astray, sign_in
from web.pages.campaigns import Register
from web.pages.live import Feed
from web.pages.route import WITHIN_S
from web.site import Site


def create_app(site: Site, proofs: Sequence[Proof] = PROOFS) -> FastAPI:
    """Every door of the site. Opens nothing: connections are the site's."""
    app = FastAPI(title="Dropline", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.site, app.state.proofs = site, proofs
    app.state.postbacks = door = postbacks.open_door(app, site)
    intake.add_to(app)
    app.include_router(health.router(site))
    app.include_router(metrics.router(site, door.turned_away))
    dashboard.mount(app, site)
    app.state.register, app.state.feed = Register(site.redis), Feed()
    sign_in.add_to(app)
    app.add_middleware(NamedHosts)
    app.state.form_within_s = WITHIN_S
    app.include_router(pages.router)
    astray.add_to(app)
    return app
