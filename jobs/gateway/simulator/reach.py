"""How far the simulator's own requests may go."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

Reach = Literal["loopback", "any"]


def may_reach(url: str, reach: Reach) -> bool:
    """Whether a URL of the web may be asked, judged by its host as written."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and (reach == "any" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
