"""What a use case works with: connections, a clock, and the numbers it goes by."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from redis import Redis

from config.durability import Durability
from jobs.fetching import Fetch
from jobs.gateway.client import GatewayClient
from jobs.ledger.limits import UNLIMITED, Limits
from jobs.ledger.meter import Meter


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take, and how often they are looked at."""

    keep_keys: timedelta = timedelta(days=180)
    """How long an idempotency key stands for its campaign."""
    retention: timedelta = timedelta(days=90)
    """How long after its end a campaign's phones are kept."""
    lead: timedelta = timedelta(minutes=10)
    """A campaign for later is handed to the gateway this long before its start."""
    lease: timedelta = timedelta(seconds=15)
    """How long a claim holds. From claim to `sending` is a few milliseconds of Redis."""
    leave_within: timedelta = timedelta(seconds=10)
    """From the claim to the first byte; after it nothing leaves any more. Less than the lease, and with the time for an
    answer less than `answer_within`, so that nobody else has acted on the submission before."""
    answer_within: timedelta = timedelta(seconds=30)
    """A submission without an answer for this long is `unknown`; longer than the client's own deadline."""
    resend_first: timedelta = timedelta(seconds=2)
    resend_most: timedelta = timedelta(minutes=5)
    """Waits after a submission that certainly never left: they double, from the first to the most."""
    halted_again: timedelta = timedelta(seconds=5)
    """What was claimed when sending was halted is looked at again after this."""
    refused_again: timedelta = timedelta(minutes=1)
    """The one delayed retry of a refusal that may pass, such as an audio host that was down."""
    account_again: timedelta = timedelta(minutes=1)
    """What is for an account that nobody here knows, or that the gateway refuses, is looked at again after this; only
    a person can help it."""
    refusal_first: timedelta = timedelta(minutes=1)
    refusal_most: timedelta = timedelta(minutes=15)
    """An account that the gateway refuses is tried again, with one submission, after the first wait, then after twice
    that, and so on to the most: a gateway may lock who tries a wrong password too often."""
    audio_again: timedelta = timedelta(seconds=1)
    """While one submission looks at the audio, the campaign's others are looked at again after this."""
    control_again: timedelta = timedelta(seconds=5)
    """When a control verb got no answer, it is sent again after this."""
    control_most: timedelta = timedelta(minutes=5)
    """One that is refused is sent again after a tenth of the request's age, within these bounds."""
    control_within: timedelta = timedelta(seconds=15)
    """For so long one campaign's sessions are told; then it is another campaign's turn, and the rest is due again."""
    poll_first: timedelta = timedelta(seconds=5)
    poll_most: timedelta = timedelta(minutes=5)
    """Call records are asked for after a tenth of the session's age, within these bounds."""
    silence: timedelta = timedelta(days=1)
    """A session without a new call record for this long will get none."""
    settle: timedelta = timedelta(minutes=1)
    """The same for a session that the gateway has confirmed as ended."""
    look_first: timedelta = timedelta(seconds=20)
    look_most: timedelta = timedelta(hours=1)
    """Whether the gateway lists an unknown submission is looked at after a third of its age, within these bounds."""
    look_within: timedelta = timedelta(seconds=15)
    """For so long one look begins to ask strangers whom they called; the others are asked in a later one."""
    look_for: timedelta = timedelta(days=2)
    """For so long after it was sent; later only a postback or a person settles it."""
    absent_after: timedelta = timedelta(minutes=5)
    """The gateway may need so long to list what it took. Looks before that do not count for its absence."""
    absent_looks: int = 3
    """So many complete listings without a session that may be it, the last so long after the first, make it absent."""
    absent_apart: timedelta = timedelta(minutes=5)
    slot_patience: timedelta = timedelta(seconds=1)
    """The longest wait for a slot that a thread sleeps; for a longer one it comes back through the due set."""
    verb_patience: timedelta = timedelta(seconds=5)
    """The same for a verb: before it are only the verbs of its own job, one for each thread."""
    line_most: timedelta = timedelta(seconds=30)
    """The longest that who was turned away stays away."""
    read_again_first: timedelta = timedelta(seconds=0.5)
    read_again_most: timedelta = timedelta(seconds=4)
    """Bounds of the waits before a read is tried again in the same job."""
    rest_first: timedelta = timedelta(seconds=2)
    rest_most: timedelta = timedelta(seconds=30)
    """A gateway that failed again and again gets a rest of the first length, then twice that, and so on to the most."""


@dataclass(frozen=True)
class Desk:
    """Everything that sending, controlling and refreshing need, handed in by the entry points."""

    redis: Redis
    gateway: Callable[[str], GatewayClient]
    """The client of an account, by the account's name; raises `UnknownAccount`."""
    clock: Callable[[], datetime]
    """The present, as an aware instant."""
    random: Random
    timings: Timings = Timings()
    durability: Durability = Durability.BEST_EFFORT
    """What is done so that a crash of the Redis server cannot make it forget what was sent."""
    stopwatch: Callable[[], float] = time.monotonic
    """Seconds of a clock that nobody sets."""
    accounts: tuple[str, ...] = ()
    """Every account that can be used here, by name."""
    concurrency: int = 8
    """How many submissions or sessions one job works on at the same time."""
    limits: Limits = UNLIMITED
    """What an account may ask of the gateway that has no limits of its own."""
    own_limits: Mapping[str, Limits] = field(default_factory=dict)
    """Those that have, by the account's name."""
    balance_floors: Mapping[str, int] = field(default_factory=dict)
    """An account that can send fewer than this is said to be low, by its name; others never are."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""
    is_ending: Callable[[], bool] = lambda: False
    """Whether this process was asked to end, so that no call should begin."""
    has_log: bool = True
    """Whether somebody reads what is logged here; of what a person's command does, the workers' log has to tell."""
    looks_at_recordings: bool = False
    """Whether a campaign's recording or file is looked for in the account before its first submission."""
    fetch: Fetch | None = None
    """How what lies at a campaign's audio URL is got, to look at it before the first submission; None: not at all."""
    postbacks_url: str = ""
    """Where postbacks reach us: a URL to which an attempt's token is added; '' for none."""
    seal_key: Callable[[str], bytes] | None = None
    """With what the addresses of an account's attempts are sealed, by its name; without it they say nothing."""
    meter: Meter = field(default_factory=Meter)
    """What is counted for those who watch; whoever has a process adds it to the ledger's totals now and then."""

    def limits_of(self, account: str) -> Limits:
        """What this account may ask of the gateway."""
        return self.own_limits.get(account, self.limits)
