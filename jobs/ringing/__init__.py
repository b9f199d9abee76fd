"""Jobs for what is due: bells, errands, and failed jobs put back. Only here is anything enqueued.

Law of the room: what must happen is in the ledger before its job is enqueued, so a job may be lost, doubled or late.
"""
