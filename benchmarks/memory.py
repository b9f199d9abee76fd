"""What a million drops cost in Redis: `python -m benchmarks.memory [--phones N]`.

Takes one campaign through the real ledger on a real server, records how every drop ended, and reads the server's own
count of its memory before, between and after. The bound is 40 MB for a million phones with their dispositions.
"""

import argparse
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from redis import Redis

from benchmarks.machine import machine
from jobs import eastern
from jobs.ledger import campaigns, dispositions, submissions
from jobs.models import MAX_PHONES_PER_SUBMISSION, Disposition, DropState, Terms
from tests.servers import RedisServer

BOUND_BYTES_PER_PHONE = 40

REASONS = ("Unable to Detect Voice Mail", "VM may be full or not setup", "Voicemail Busy", "Landline Removed")
NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def main() -> int:
    """Measure, print, and exit with 1 when the bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=1_000_000)
    phones = parser.parse_args().phones
    with RedisServer() as server, Redis.from_url(server.url) as redis:
        version = str(redis.info("server").get("valkey_version") or redis.info("server")["redis_version"])
        print(f"{machine()}, server {version}, {phones:,} phones")
        return 0 if measure(redis, phones) <= BOUND_BYTES_PER_PHONE else 1


def measure(redis: Redis, count: int) -> float:
    """Bytes per phone with its disposition."""
    empty = used(redis)
    began = time.perf_counter()
    chunks = [
        tuple(str(2_125_550_000 + number) for number in range(start, min(start + MAX_PHONES_PER_SUBMISSION, count)))
        for start in range(0, count, MAX_PHONES_PER_SUBMISSION)
    ]
    campaign_id = take(redis, chunks)
    taken, took_s = used(redis), time.perf_counter() - began
    print(f"taken:    {(taken - empty) / count:6.2f} bytes a phone, {took_s:6.2f} s")

    rng, began = random.Random(1), time.perf_counter()
    ids = campaigns.submission_ids(redis, campaign_id)
    for submission, chunk in zip(submissions.read(redis, ids), chunks, strict=True):
        dispositions.record(redis, submission, [disposition(phone, rng) for phone in chunk], now=NOW)
    recorded, took_s = used(redis), time.perf_counter() - began
    per_phone = (recorded - empty) / count
    print(f"recorded: {per_phone:6.2f} bytes a phone, {took_s:6.2f} s ({count / took_s:,.0f} records/s)")
    verdict = "within" if per_phone <= BOUND_BYTES_PER_PHONE else "OVER"
    print(f"in all {(recorded - empty) / 1e6:.1f} MB, {verdict} the bound of {BOUND_BYTES_PER_PHONE} bytes a phone")
    return per_phone


def take(redis: Redis, chunks: list[tuple[str, ...]]) -> str:
    """One campaign with these submissions; its id."""
    new = campaigns.NewCampaign(
        id="benchmark",
        key="benchmark",
        fingerprint={},
        terms=Terms(caller_id="6175550100", audio_title="Reminder"),
        rows=sum(map(len, chunks)),
        chunks=chunks,
        excluded=[],
        due_at=NOW,
    )
    return campaigns.take(redis, new, now=NOW, keep_key=timedelta(days=180)).campaign_id


def disposition(phone: str, rng: random.Random) -> Disposition:
    """As the gateway tells them: mostly delivered, over some hours, by thousands of differently spelt carriers."""
    at = NOW + timedelta(seconds=rng.randrange(14_400))
    carrier = f"carrier {rng.randrange(100)}:{rng.randrange(6500, 6550)} - svr/{rng.randrange(4)}"
    if rng.random() < 0.85:
        return Disposition(phone, DropState.DELIVERED, "OK", "", eastern.wall_text(at), at, carrier)
    return Disposition(phone, DropState.FAILED, "Failure", rng.choice(REASONS), eastern.wall_text(at), at, carrier)


def used(redis: Redis) -> int:
    """The server's own count of the memory that its data take."""
    return int(redis.info("memory")["used_memory"])


if __name__ == "__main__":
    sys.exit(main())
