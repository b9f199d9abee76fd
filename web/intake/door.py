"""The routers of /v1 in one, and the page that says what they take and answer."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from web import bearer, problems
from web.intake import accounts, campaigns, controls, do_not_dial, edge, exports, unknowns
from web.intake.examples import ANSWERS, SHARED_SCHEMAS
from web.intake.shapes import ABOUT, SCOPES
from web.problems import Kind, ProblemDocument

ROUTERS = (campaigns.router, exports.router, controls.router, do_not_dial.router, unknowns.router, accounts.router)

PREFIX = "/v1"
VERSION = "1"
"""Of the interface, not of Dropline: what is under /v1 is only added to."""


def add_to(app: FastAPI) -> None:
    """Have an application answer under /v1."""
    problems.add_to(app)
    bearer.add_to(app)
    campaigns.add_to(app)
    edge.add_to(app)
    exports.add_to(app)
    app.include_router(_together())
    app.include_router(_explained)
    app.openapi = openapi  # type: ignore[method-assign]  # the way that the framework documents


def openapi() -> dict[str, Any]:
    """The OpenAPI document of /v1 alone; other rooms are for the gateway and for people."""
    made = get_openapi(title="Dropline", version=VERSION, description=ABOUT, routes=_together().routes)
    schemas = made["components"]["schemas"]
    shape = TypeAdapter(ProblemDocument).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**SHARED_SCHEMAS, **shape.pop("$defs", {})}
    schemas["ProblemDocument"] = shape
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for route in (each for router in ROUTERS for each in router.routes if isinstance(each, APIRoute)):
        for method in route.methods or ():
            _complete(made["paths"], method, route)
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "dpl_…"}}
    made["security"] = [{"token": []}]
    return made


def _complete(paths: dict[str, Any], method: str, route: APIRoute) -> None:
    """An operation with the scope that it asks for, and what it answers when all is well."""
    path = f"{PREFIX}{route.path}"
    operation, answered = paths[path][method.lower()], str(route.status_code or 200)
    asked = {SCOPES[each.call] for each in route.dependant.dependencies if each.call in SCOPES}
    operation["security"] = [{"token": sorted(asked)}]
    operation["responses"][answered]["content"]["application/json"]["example"] = ANSWERS[f"{method} {path}"]


def _together() -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    for each in ROUTERS:
        router.include_router(each)
    return router


_explained = APIRouter(prefix=PREFIX, include_in_schema=False)


@_explained.get("/problems/{slug}")
async def explain(slug: str) -> dict[str, Any]:
    """What a `type` means; for everybody, also where no thread is free."""
    found = next((each for each in Kind if each.slug == slug), None)
    if found is None:
        raise problems.Refusal(Kind.NOT_FOUND)
    return {"type": found.path, "status": found.status, "title": found.title, "todo": found.todo}
