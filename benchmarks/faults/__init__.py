"""Job systems against a gateway that breaks: who calls people twice, who loses a campaign, who says what is not so.

`make bench-faults` runs it, docs/faults.md explains it. Law of the room: every system gets the same campaigns and, by
their titles, the same faults; only the simulator says what really happened.
"""
