"""What an address must look like, and how it may be shown. Law of the room: no complaint repeats the address."""

from ipaddress import ip_network
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


def parse_http_url(text: str) -> str:
    """An http(s) URL with a host and nothing secret in it; raises ValueError saying what is wrong."""
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must begin with https:// or http:// and name a host")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or a password")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    return text


def parse_public_url(text: str) -> str:
    """The same, without a last slash, ready for a path to be added."""
    return parse_http_url(text).rstrip("/")


def parse_gateway_url(text: str) -> str:
    """The base below which the gateway's scripts lie."""
    if not parse_http_url(text).endswith("/gateway/"):
        raise ValueError("must be the base of the gateway's scripts and end in /gateway/")
    return text


def parse_networks(text: str) -> str:
    """Addresses and networks, by commas."""
    for each in text.split(","):
        try:
            ip_network(each.strip(), strict=False)
        except ValueError:
            raise ValueError("must be addresses or networks, by commas; `*` would believe anybody") from None
    return text


def check_redis_url(text: str) -> None:
    """Raises ValueError unless it is redis:// or rediss:// with a host, or unix:// with a path."""
    parts = _split(text)
    if parts.scheme == "unix" and parts.path:
        return
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValueError("must begin with redis:// or rediss:// and name a host, or with unix:// and name a path")
    if parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("must end in the number of a database; special characters in its password are written %XX")


def shown(url: str) -> str:
    """Scheme, host, port and path of a URL, for people: without user, password, query and fragment."""
    try:
        parts = _split(url)
    except ValueError:
        return "(not a URL)"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def redis_password(text: str) -> str | None:
    """The password that a Redis URL carries, decoded; None without one."""
    parts = _split(text)
    given = parts.password or dict(parse_qsl(parts.query)).get("password")
    return unquote(given) if given else None


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # its text repeats parts of the URL, and those may be the password
        raise ValueError("cannot be read as a URL; special characters in its password are written %XX") from None
    return parts
