"""Every Redis key and script that is ours. Law of the room: it stores and compares, it decides nothing."""
