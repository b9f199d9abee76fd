"""What pages need besides: kept by browsers for ever, for another content has another name."""

from fastapi import APIRouter
from starlette.responses import Response

from web.pages.files import FILES
from web.pages.refusals import Refused
from web.pages.route import PageRoute

FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A file, for whoever asks."""
    if name not in FILES:
        raise Refused(404, "There is no such file.")
    content, kind = FILES[name]
    return Response(content, media_type=kind, headers={"Cache-Control": FOR_EVER})
