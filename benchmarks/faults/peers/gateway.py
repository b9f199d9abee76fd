"""The call itself, the same for all peers: one POST with a timeout, and a look at the answer."""

import os

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

GATEWAY_URL = os.environ["GATEWAY_URL"]
TIMEOUT_S = float(os.environ["TIMEOUT_S"])
RETRIES = int(os.environ["RETRIES"])
"""How often a call is tried again."""
IS_CAREFUL = bool(os.environ["CAREFUL"])
"""Whether only what certainly never left is tried again, and nothing is run twice that can be kept from it."""


class NotAccepted(Exception):
    """The gateway answered, and not with OK."""


class NeverLeft(Exception):
    """There was no connection, so the gateway cannot have got anything."""


def submit_campaign(title: str, phones: list[str]) -> str:
    """The gateway's answer; raises `NeverLeft`, `NotAccepted` or `requests.RequestException`.

    With a timeout: https://requests.readthedocs.io/en/latest/user/quickstart/#timeouts. The status is checked, and the
    body, too: this gateway says what went wrong with status 200.
    """
    form = {
        "c_uid": "demo",
        "c_password": "demo",
        "c_record_audio": "Reminder",
        "c_callerID": "6175550100",
        "c_date": "now",
        "c_title": title,
        "c_phone": ",".join(phones),
    }
    try:
        response = requests.post(f"{GATEWAY_URL}vmb.php", data=form, timeout=TIMEOUT_S)
    except requests.ConnectionError as error:
        if _never_left(error):
            raise NeverLeft from error
        raise
    response.raise_for_status()
    if not response.text.startswith("OK"):
        raise NotAccepted(response.text[:100])
    return response.text


def _never_left(error: requests.ConnectionError) -> bool:
    """Safe to retry: https://requests.readthedocs.io/en/latest/api/#requests.ConnectTimeout. So is a refusal."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, ConnectTimeoutError | NewConnectionError)
