#!/bin/sh
# Hand a contact file to Dropline by HTTP, with curl: sh docs/examples/http_submit.sh contacts.csv
set -eu

file="$1"
address="${DROPLINE_URL:-http://127.0.0.1:8000}"

# The token goes in by a file descriptor, not as an argument, which other users of the machine could read.
# With the same key, trying again is always safe: it is the same campaign, however often it is handed in.
curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 300 \
    --config - "$address/v1/campaigns" \
    --header "Idempotency-Key: reminders-2026-11-23-curl" \
    --form "title=Appointment reminders" \
    --form "caller_id=617-555-0100" \
    --form "audio_title=Reminder" \
    --form "contacts=@$file;type=text/csv" <<CONFIG
header = "Authorization: Bearer $DROPLINE_TOKEN"
CONFIG
echo
