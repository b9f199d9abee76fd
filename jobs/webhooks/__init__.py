"""Telling other systems what happened, by HTTP and the Standard Webhooks scheme.

Law of the room: an event is told at least once and under the same id each time; the receiver knows a repetition by it.
"""
