"""Hand a campaign in from Python inside Dropline's own checkout: `python -m docs.examples.producer`."""

import os
from datetime import timedelta

from config.redis_connection import connect
from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.models import Terms
from jobs.producer import Producer

redis = connect(os.environ.get("REDIS_URL", "redis://localhost:6379/0"), name="example")
producer = Producer(redis, lead=timedelta(minutes=10))

phones = ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"]
planned = plan(Row(line, text) for line, text in enumerate(phones, start=1))
terms = Terms(title="Appointment reminders", caller_id="6175550100", audio_title="Reminder")

taken = producer.submit(terms, planned, key="reminders-2026-11-23-producer")  # the same key is the same campaign
print(f"campaign {taken.campaign_id}, {'new' if taken.is_new else 'handed in before'}")
