"""Hand a campaign to Dropline from a system that knows rq and nothing else: `python docs/examples/submit.py`."""

import os

from redis import Redis
from rq import Queue

url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
redis = Redis.from_url(url, socket_timeout=60)  # longer than the wait for the result below
# In JSON: rq's own default is pickle, which no worker here reads.
queue = Queue("campaigns", connection=redis, serializer="json")

job = queue.enqueue(
    "jobs.entrypoints.submit_campaign",
    kwargs={
        "key": "reminders-2026-11-23",  # the same key is the same campaign, however often this runs
        "campaign": {
            "title": "Appointment reminders",
            "caller_id": "6175550100",
            "audio_title": "Reminder",  # a recording in the gateway's account
            "start": "now",  # or an instant with its zone: "2026-11-24T14:00:00-05:00"
            "recipients": ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"],
        },
    },
    description="campaign reminders-2026-11-23",  # rq's own default would print the phone numbers in its logs
    job_timeout=300,
    failure_ttl=7 * 86_400,
)

result = job.latest_result(timeout=30)
if result is None:
    print(f"handed in as job {job.id}; no worker has taken it yet")
elif result.type == result.Type.SUCCESSFUL:
    print(result.return_value)  # {"campaign_id": ..., "is_new": ...}
else:
    raise SystemExit(f"job {job.id} was not taken:\n{result.exc_string}")
