"""How a call to the gateway ends when it does not end well; the class says what to do next.

    GatewayError
    ├── NotSent          it never left: try again
    ├── Rejected         it was refused: stop, `kind` says over what
    └── OutcomeUnknown   nobody knows: never send again by a timer, look for evidence

Law of the room: no error carries credentials, a phone, an audio URL or a body, neither in its text nor in what hangs on
it. So each is raised outside the handler of what it translates, whose exception holds the request.
"""

import re
from enum import StrEnum


class GatewayError(Exception):
    """The gateway did not do what it was asked, or did not say so."""


class NotSent(GatewayError):
    """The gateway was not reached (why). Nothing was sent and nothing is lost: try again."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The gateway was not reached ({why}), so nothing was sent.")


class Phase(StrEnum):
    """How far a request was when its outcome went out of sight."""

    SENDING = "sending"
    """Its first byte may have left, its last may have not."""
    WAITING = "waiting"
    """It left whole; no answer had come."""
    READING = "reading"
    """The answer had begun and could not be read to its end, or it was not HTTP 200."""
    UNDERSTANDING = "understanding"
    """The answer came whole, and is neither a yes nor a no."""


class OutcomeUnknown(GatewayError):
    """The request left, and the gateway's answer is not known (why).

    A submission is not sent again then, evidence is looked for; a question or a verb may be repeated. Its text, which
    is shown of all of them, advises neither.
    """

    def __init__(self, phase: Phase, why: str) -> None:
        super().__init__(f"The request left, and the gateway's answer is not known ({phase}: {why}).")
        self.phase = phase
        self.why = why


class RefusalKind(StrEnum):
    """What a refusal is about, as far as its words tell."""

    CREDENTIALS = "credentials"
    API_ACCESS = "api_access"
    CREDITS = "credits"
    CALLER_ID = "caller_id"
    AUDIO = "audio"
    AUDIO_DOWNLOAD = "audio_download"
    """The gateway could not fetch the audio; the host that has it may be at fault."""
    DATE = "date"
    PHONES = "phones"
    TOO_MANY_PHONES = "too_many_phones"
    DUPLICATE_REQUEST = "duplicate_request"
    """The gateway saw the same submission a moment ago; no session id comes with it."""
    ALREADY_FINISHED = "already_finished"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
    """Words that nobody has put in the table yet. As final as the others."""

    @property
    def concerns_account(self) -> bool:
        """Whether every submission of the account would be refused just so, until a person does something."""
        return self in {RefusalKind.CREDENTIALS, RefusalKind.API_ACCESS, RefusalKind.CREDITS}

    @property
    def is_worth_one_retry(self) -> bool:
        """Whether the same request may well be taken some minutes later."""
        return self is RefusalKind.AUDIO_DOWNLOAD

    @property
    def is_sign_of_acceptance(self) -> bool:
        """Whether it suggests that an earlier attempt with the same content was accepted.

        After an earlier attempt whose outcome is unknown it is evidence, not a refusal of the work.
        """
        return self is RefusalKind.DUPLICATE_REQUEST


REFUSALS: tuple[tuple[str, RefusalKind], ...] = (
    # Known from the vendor or from clients.
    ("duplicates request", RefusalKind.DUPLICATE_REQUEST),
    ("already finished", RefusalKind.ALREADY_FINISHED),
    ("invalid or not found", RefusalKind.NOT_FOUND),
    ("api access", RefusalKind.API_ACCESS),
    ("can't download", RefusalKind.AUDIO_DOWNLOAD),
    ("bad audio", RefusalKind.AUDIO),
    ("c_uid", RefusalKind.CREDENTIALS),
    ("c_password", RefusalKind.CREDENTIALS),
    ("c_callerid", RefusalKind.CALLER_ID),
    ("c_record_audio", RefusalKind.AUDIO),
    ("c_sys_audio_name", RefusalKind.AUDIO),
    ("c_url", RefusalKind.AUDIO),
    ("c_audio", RefusalKind.AUDIO),
    ("c_date", RefusalKind.DATE),
    ("c_endtime", RefusalKind.DATE),
    # Assumed: the gateway's words for these are not known. The narrow ones come first.
    ("duplicate request", RefusalKind.DUPLICATE_REQUEST),
    ("cannot download", RefusalKind.AUDIO_DOWNLOAD),
    ("too many", RefusalKind.TOO_MANY_PHONES),
    ("10,000", RefusalKind.TOO_MANY_PHONES),
    ("10000", RefusalKind.TOO_MANY_PHONES),
    ("password", RefusalKind.CREDENTIALS),
    ("login", RefusalKind.CREDENTIALS),
    ("username", RefusalKind.CREDENTIALS),
    ("authentic", RefusalKind.CREDENTIALS),
    ("account is locked", RefusalKind.API_ACCESS),
    ("account locked", RefusalKind.API_ACCESS),
    ("account is suspended", RefusalKind.API_ACCESS),
    ("account suspended", RefusalKind.API_ACCESS),
    ("credit", RefusalKind.CREDITS),
    ("balance", RefusalKind.CREDITS),
    ("remaining messages", RefusalKind.CREDITS),
    ("caller id", RefusalKind.CALLER_ID),
    ("callerid", RefusalKind.CALLER_ID),
    ("caller_id", RefusalKind.CALLER_ID),
    ("audio", RefusalKind.AUDIO),
    ("delivery date", RefusalKind.DATE),
    ("invalid date", RefusalKind.DATE),
    ("date and time", RefusalKind.DATE),
    ("c_phone", RefusalKind.PHONES),
)
"""Lower-case words of a refusal, and what it is about; the first that occurs decides. A new text is one more line."""


def kind_of_refusal(reason: str) -> RefusalKind:
    """What a refusal is about, by `REFUSALS`."""
    words = reason.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return next((kind for part, kind in REFUSALS if part in words), RefusalKind.UNKNOWN)


class Rejected(GatewayError):
    """The gateway refused (kind): its own words, and what to do about it."""

    def __init__(self, reason: str) -> None:
        """`reason` is the gateway's text as it came; it is kept without numbers, addresses and URLs."""
        self.reason = presentable(reason)
        self.kind = kind_of_refusal(self.reason)
        advice = _ADVICE.get(self.kind, "It will refuse again until that is changed.")
        super().__init__(f"The gateway refused ({self.kind}): {self.reason or 'it gave no reason'}. {advice}")


_ADVICE = {
    RefusalKind.CREDENTIALS: "Check GATEWAY_UID and GATEWAY_PASSWORD, or GATEWAY_ACCOUNTS for a further account.",
    RefusalKind.AUDIO_DOWNLOAD: "The audio's host may be at fault: look there, and try once more in some minutes.",
    RefusalKind.DUPLICATE_REQUEST: "It has probably accepted the same request a moment ago: look for that session.",
    RefusalKind.ALREADY_FINISHED: "Nothing is left to do.",
}

_URL = re.compile(r"\b\w+://\S+")
_ADDRESS = re.compile(r"\S+@\S+")
_PHONE = re.compile(r"(?<!\d)(?:1[-. ]?)?\(?\d{3}\)?[-. ]?\d{3}[-. ]?(\d{4})(?!\d)")
_LONGEST_REASON = 300


def presentable(words: str) -> str:
    """The gateway's words on one line, fit for logs and people: numbers of 10 or 11 digits keep their last four."""
    line = " ".join(words.split())
    line = _PHONE.sub(r"******\1", _ADDRESS.sub("(address)", _URL.sub("(URL)", line)))
    return "".join(filter(str.isprintable, line))[:_LONGEST_REASON]
