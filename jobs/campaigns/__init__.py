"""The use cases: plan, take, send, control and refresh. Law of the room: time and connections are handed in."""
