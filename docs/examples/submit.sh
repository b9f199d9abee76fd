#!/bin/sh
# Hand a campaign to Dropline from anything that reaches Redis: an rq job is a hash, and its id in a list.
#
#     sh docs/examples/submit.sh | redis-cli -u "$REDIS_URL"
set -eu

job="reminders-$(date -u +%Y%m%dT%H%M%S)-$$" # letters, digits, - and _ only; new for every job
key="reminders-2026-11-23-redis-cli"         # the same key is the same campaign, however often it is handed in

# Function, instance, arguments, keywords. All on one line; a ' inside must be written \u0027.
data='["jobs.entrypoints.submit_campaign", null, [], {"key": "'$key'", "campaign": {"title": "Appointment reminders",
 "caller_id": "6175550100", "audio_title": "Reminder", "start": "now",
 "recipients": ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"]}}]'

# The hash before the list, both or neither: an id without its hash is thrown away.
cat <<COMMANDS
MULTI
HSET rq:job:$job data '$(printf %s "$data" | tr -d '\n')' origin campaigns status queued timeout 300 failure_ttl 604800
HSET rq:job:$job description 'campaign $key' created_at $(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
SADD rq:queues rq:queue:campaigns
RPUSH rq:queue:campaigns $job
EXEC
COMMANDS
