"""The gateway's wire: errors, replies as values, the client, and a simulator that judges it."""
