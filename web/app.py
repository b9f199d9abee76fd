"""The whole of what answers, put together."""

from fastapi import FastAPI

from web import pages
from web.pages.campaigns import Register
from web.pages.live import Feed
from web.site import Site


def create_app(site: Site) -> FastAPI:
    """Every door of the site. Opens nothing: connections are the site's."""
    app = FastAPI(title="Dropline", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.site = site
    app.state.register, app.state.feed = Register(site.redis), Feed()
    app.include_router(pages.router)
    return app
