"""Pause, resume, stop or cancel a campaign by rq alone: `python docs/examples/control.py pause <campaign id>`."""

import os
import sys

from redis import Redis
from rq import Queue

verb, campaign_id = sys.argv[1:]

url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
redis = Redis.from_url(url, socket_timeout=60)  # longer than the wait for the result below
queue = Queue("control", connection=redis, serializer="json")

job = queue.enqueue(
    "jobs.entrypoints.control_campaign",
    kwargs={"campaign_id": campaign_id, "verb": verb, "why": "asked for by the shop"},
    description=f"{verb} {campaign_id}",
    job_timeout=120,
    failure_ttl=7 * 86_400,
)

result = job.latest_result(timeout=30)
if result is None:
    print(f"handed in as job {job.id}; no worker has taken it yet")
elif result.type == result.Type.SUCCESSFUL:
    # {"confirmed": sessions at the gateway that are in step, "open": those that are not yet}
    print(result.return_value)
else:
    raise SystemExit(f"job {job.id} was not carried out:\n{result.exc_string}")
