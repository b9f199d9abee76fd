"""`python -m tests.fuzz [seconds]`: texts that find their way through the parsers by the branches they reach.

atheris is not among the development packages: it exists for Linux on x86 only. `make fuzz` brings it along.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped, unused-ignore]  # installed by `make fuzz` alone

with atheris.instrument_imports(include=["jobs.gateway.replies"]):
    import jobs.gateway.replies  # noqa: F401  # first of all, so that every branch of it is watched

from tests.jobs.gateway.replies.laws import LAWS

SAMPLES = Path(__file__).parents[1] / "replies"
FOUND = Path("var/fuzz")
LONGEST = 600
"""Characters; the longest sample has 200."""


def show_to_every_parser(body: bytes) -> None:
    """The one law: a value that has its grounds in the text, `Rejected`, or `OutcomeUnknown`."""
    text = body.decode("utf-8", "replace")
    for law in LAWS.values():
        law.believed(text)


def main(seconds: str = "60") -> None:
    """Fuzz that long, beginning with the samples; ends the process, with a status that is not 0 if a law was broken."""
    FOUND.mkdir(parents=True, exist_ok=True)
    words = f"-dict={Path(__file__).with_name('wire.dict')}"
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=5", f"-artifact_prefix={FOUND}/"]
    atheris.Setup([sys.argv[0], words, *limits, "-print_final_stats=1", str(FOUND), str(SAMPLES)], show_to_every_parser)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
