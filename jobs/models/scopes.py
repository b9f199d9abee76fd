"""What somebody who comes by HTTP may do."""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a visitor may do."""

    READ = "read"
    """Look at campaigns, results, unknowns, days and balances. Phones are masked."""
    SEND = "send"
    """Hand in campaigns."""
    CONTROL = "control"
    """Pause, resume, stop, cancel, decide, and change the do-not-dial list."""
    PHONES = "phones"
    """See whole phone numbers; each look is recorded."""
