"""How many may come: of each source, and of all."""

from hypothesis import given
from hypothesis import strategies as st

from web.allowance import MOST_SOURCES, Allowance, network_of


def test_one_source_has_its_burst_and_then_its_pace() -> None:
    allowance = Allowance(each_per_s=10, all_per_s=1_000)
    assert sum(allowance.admits("192.0.2.1", 0) for _ in range(50)) == 10
    assert sum(allowance.admits("192.0.2.1", 0.5) for _ in range(50)) == 5
    assert sum(allowance.admits("192.0.2.1", 100) for _ in range(50)) == 10


def test_a_flood_from_one_leaves_the_others_alone() -> None:
    allowance = Allowance(each_per_s=10, all_per_s=50)
    assert sum(allowance.admits("192.0.2.1", 0) for _ in range(1_000)) == 10
    assert sum(allowance.admits("192.0.2.2", 0) for _ in range(10)) == 10


def test_all_together_have_a_most() -> None:
    allowance = Allowance(each_per_s=10, all_per_s=50)
    assert sum(allowance.admits(f"192.0.2.{each % 100}", 0) for each in range(1_000)) == 50


def test_what_is_remembered_does_not_grow() -> None:
    allowance = Allowance(each_per_s=1, all_per_s=10**9)
    for each in range(MOST_SOURCES * 3):
        allowance.admits(f"source {each}", 0)
    assert len(allowance._used_until_s) == MOST_SOURCES


def test_the_addresses_of_one_customer_are_one_source() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("192.0.2.1") == "192.0.2.1"


@given(st.text(max_size=30))
def test_no_address_is_a_fault(source: str) -> None:
    assert Allowance(each_per_s=1, all_per_s=1).admits(source, 0)
