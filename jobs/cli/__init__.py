"""A person's way in: `python -m jobs …`. Law of the room: answers go to stdout, everything else to stderr, and no whole
phone to either, but by `results`. All else that holds phones is a file that somebody asked for by an option.
"""
