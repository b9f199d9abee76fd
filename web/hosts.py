"""The name that a request is for. Law of the room: whoever looks at an address later may take it for one."""

import re
from ipaddress import IPv6Address

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(?:[A-Za-z0-9._~-]{1,255}|\[([0-9A-Fa-f:.]{2,45})\])?(?::\d{1,5})?")


class NamedHosts:
    """Answers 400 to a request for a host that is none, from which no URL could be made, or for more than one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_host(",".join(Headers(scope=scope).getlist("host"))):
            await PlainTextResponse("the header Host names no host", 400)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_host(text: str) -> bool:
    """Whether it is a name or an address, with a port or without."""
    found = _HOST.fullmatch(text)
    try:
        return found is not None and (found[1] is None or bool(IPv6Address(found[1])))
    except ValueError:
        return False
