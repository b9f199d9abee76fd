"""`/v1`: campaigns handed in by HTTP, looked at and controlled. Law of the room: it translates, and decides nothing.

A router per noun. What is answered is what `python -m jobs ... --json` answers.
"""

from web.intake.door import add_to

__all__ = ["add_to"]
