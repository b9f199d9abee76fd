"""The machine that figures were measured on, in one line to stand before them."""

import os
import platform


def machine() -> str:
    """`Python 3.11.7, 2 cores, 25 GB of memory`"""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GB of memory"
