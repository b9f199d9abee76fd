"""Hand a campaign to Dropline by HTTP, with nothing but requests: `python docs/examples/http_submit.py`."""

import os
import time

import requests

address = os.environ.get("DROPLINE_URL", "http://127.0.0.1:8000")
headers = {
    "Authorization": f"Bearer {os.environ['DROPLINE_TOKEN']}",
    "Idempotency-Key": "reminders-2026-11-23-python",  # the same key is the same campaign, however often this runs
}
campaign = {
    "title": "Appointment reminders",
    "caller_id": "6175550100",
    "audio_title": "Reminder",  # a recording in the gateway's account
    "start": "now",  # or an instant with its zone: "2026-11-24T14:00:00-05:00"
    "recipients": ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"],
}


def hand_in(tries: int = 5) -> requests.Response:
    """Send it until there is an answer: with the same key, sending again is always safe."""
    for pause_s in range(tries):
        time.sleep(pause_s)
        try:
            answer = requests.post(f"{address}/v1/campaigns", json=campaign, headers=headers, timeout=30)
        except requests.RequestException as error:
            print(f"no answer ({type(error).__name__}); once more")
            continue
        if answer.status_code < 500:
            return answer
    raise SystemExit("Dropline does not answer; run this again later")


answer = hand_in()
said = answer.json()
if not answer.ok:
    raise SystemExit(f"{said['title']}: {said['detail']}\n{said['todo']}\n{said.get('problems', '')}")
print(f"campaign {said['campaign_id']}, {'new' if said['is_new'] else 'handed in before'}")
print(f"{said['plan']['phones']} phones, {said['plan']['excluded']} rows left out; see {address}{said['url']}")
