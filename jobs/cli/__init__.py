"""A person's way in: `python -m jobs …`. Law of the room: answers go to stdout, everything else to stderr, and no whole
phone to either; phones leave through `results` and `do-not-dial list --export` only.
"""
