"""What happens by the clock: a timetable as data, one scheduler that ticks, and others that stand by.

Law of the room: a tick finds and enqueues, and works on nothing itself. Whatever a scheduler does, another may do at
the same time: each slot of the timetable is claimed in the ledger, and leadership only saves them the trouble.
"""
