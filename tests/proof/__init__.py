"""The proof: whole Droplines under siege, killed and frozen by the hundred, and the gateway's own book at the end.

`make proof` runs it. Law of the room: what a round does follows from its seed, and only the simulator says what really
happened.
"""
