"""One POST to a receiver: signed, short, and never an exception."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import requests
from standardwebhooks import Webhook as Signer

from jobs.ledger.webhooks import Webhook
from jobs.webhooks.documents import Told

TIMEOUTS_S = (3, 5)
"""To connect, and between two bytes of the answer's head; nothing of its body is read. A worker that waits for a
receiver does nothing else."""

_TROUBLE = (
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (requests.exceptions.ConnectTimeout, "no connection in time"),
    (requests.exceptions.ReadTimeout, "no answer in time"),
    (requests.exceptions.ConnectionError, "no connection"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: HTTP's status, or none and what went wrong, in words that hold nothing of the URL."""

    status: int | None
    words: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver says that it has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants to be told nothing any more, as Standard Webhooks has it."""
        return self.status == HTTPStatus.GONE


def post(webhook: Webhook, told: Told, *, now: datetime) -> Answer:
    """Tell a receiver of one event. No redirect is followed, and no proxy's or netrc's word is taken."""
    signatures = " ".join(Signer(secret).sign(told.id, now, told.body) for secret in webhook.secrets_at(now))
    headers = {
        "content-type": "application/json",
        "user-agent": "Dropline",
        "webhook-id": told.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures,
    }
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.post(
                webhook.url,
                data=told.body.encode(),
                headers=headers,
                timeout=TIMEOUTS_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, f"HTTP {response.status_code}")
        except (requests.RequestException, OSError, ValueError) as trouble:
            words = next((words for kind, words in _TROUBLE if isinstance(trouble, kind)), "it could not be reached")
            return Answer(None, words)
