"""Everything that the simulated gateway can do to one request, quick enough to be done a thousand times."""

from dataclasses import dataclass

from jobs.gateway.simulator import Fault, FaultKind, Simulator

QUICK_S = 0.02
"""How long a fault of the gateway lasts that lasts at all."""
IMPATIENT_S = 0.04
"""How long a client waits that waits in vain."""

_UNANSWERED = {FaultKind.ACCEPT_THEN_NEVER_ANSWER, FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING, FaultKind.ACCEPT_LATE}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which the gateway goes wrong; without a kind it is well, or its door is shut."""

    name: str
    kind: FaultKind | None = None
    text: str = ""

    @property
    def read_s(self) -> float | None:
        """How long a client waits that it may befall; None where an answer is waited for, or a hang-up."""
        return IMPATIENT_S if self.kind in _UNANSWERED else None

    def befall(self, simulator: Simulator, on: str) -> None:
        """Have it happen to the next request of that sort."""
        if self.kind is None:
            simulator.shut_door(QUICK_S if self is SHUT else 0)
            return
        seconds = 2 * IMPATIENT_S if self.kind is FaultKind.ACCEPT_LATE else QUICK_S
        fault = {"kind": self.kind, "on": on, "seconds": seconds, "text": self.text}
        simulator.faults.arm(Fault.model_validate(fault))


WELL = Trouble("well")
SHUT = Trouble("refused_connection")
RUBBISH = Trouble("rubbish", FaultKind.ANSWER, "%&$!")
REFUSED = Trouble("refused", FaultKind.REFUSE, "c_callerID: invalid")
TROUBLES = (
    WELL,
    SHUT,
    RUBBISH,
    Trouble("empty_body", FaultKind.ANSWER),
    REFUSED,
    Trouble("audio_not_fetched", FaultKind.REFUSE, "Bad Audio, can't download"),
    Trouble("duplicate", FaultKind.REFUSE, "duplicates request"),
    *(Trouble(kind.value, kind) for kind in FaultKind if kind not in {FaultKind.ANSWER, FaultKind.REFUSE}),
)
"""Each of the simulator's faults, a shut door, and none."""

SOME = tuple(
    each
    for each in TROUBLES
    if each in {WELL, SHUT} or each.kind in {FaultKind.ACCEPT_THEN_RESET, FaultKind.ANSWER_502_BEFORE_ACCEPTING}
)
"""One of each sort: it is well, it cannot be reached, it did and did not do what it was asked."""
