"""How many requests a source may make, and all of them together: in memory, and of a size that nobody can blow up."""

from collections import OrderedDict
from ipaddress import ip_address, ip_network

MOST_SOURCES = 1_024
"""Remembered at once; who has not come for longest is forgotten, and begins anew."""


class Allowance:
    """So many a second, evenly, and as many as come in `burst_s` at once. For one thread."""

    def __init__(self, *, each_per_s: float, all_per_s: float, burst_s: float = 1) -> None:
        self._apart_s = 1 / each_per_s
        self._all_apart_s = 1 / all_per_s
        self._burst_s = burst_s
        self._used_until_s: OrderedDict[str, float] = OrderedDict()
        self._all_used_until_s = 0.0

    def admits(self, source: str, now_s: float) -> bool:
        """Whether one more may come from this address; counts it if so. `now_s` is a clock's that nobody sets."""
        name = network_of(source) if ":" in source else source
        used_until_s = max(self._used_until_s.pop(name, 0.0), now_s)
        all_used_until_s = max(self._all_used_until_s, now_s)
        admitted = self._has_room(used_until_s, self._apart_s, now_s)
        admitted = admitted and self._has_room(all_used_until_s, self._all_apart_s, now_s)
        if admitted:
            used_until_s += self._apart_s
            self._all_used_until_s = all_used_until_s + self._all_apart_s
        self._used_until_s[name] = used_until_s
        if len(self._used_until_s) > MOST_SOURCES:
            self._used_until_s.popitem(last=False)
        return admitted

    def _has_room(self, used_until_s: float, apart_s: float, now_s: float) -> bool:
        return used_until_s < now_s + max(self._burst_s, apart_s) - apart_s / 2  # half of one is for what floats lose


def network_of(source: str) -> str:
    """What counts as one source: of IPv6 the network that one customer gets, for its addresses are without number."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else source
