"""The use cases: plan, take, send, control and refresh a campaign. Law of the room: time and connections are handed in."""
