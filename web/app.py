"""The whole of what answers, put together."""

from fastapi import FastAPI

from web import postbacks
from web.site import Site


def create_app(site: Site) -> FastAPI:
    """Every door of the site. Opens nothing: connections are the site's."""
    app = FastAPI(title="Dropline", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.site = site
    postbacks.open_door(app, site)
    return app
