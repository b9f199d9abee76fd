"""What became of a submission whose outcome is unknown: evidence, the rule that judges it, and decisions.

Law of the room: nothing is taken for absent that could not be seen, and what moves a submission is written down with
the move.
"""
