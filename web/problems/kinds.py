"""Every kind of problem, as data: what stands under `type`, and what the page of errors has."""

from enum import Enum

ROOT = "/v1/problems/"


class Kind(Enum):
    """Every kind of problem: the end of its `type`, its status, what happened, and what to do. Never renamed."""

    UNREADABLE = "unreadable-body", 400, "The body cannot be read", "Mend it as `detail` says and send it again."
    KEY_MISSING = (
        "key-missing",
        400,
        "The header Idempotency-Key is missing",
        "Choose one that stands for this campaign, such as reminders-2026-11-23, and send it with every try.",
    )
    TOKEN_MISSING = (
        "token-missing",
        401,
        "No token that is good came with it",
        "Send `Authorization: Bearer dpl_...`, with a token that an operator has made and not revoked.",
    )
    SCOPE_MISSING = (
        "scope-missing",
        403,
        "The token may not do this",
        "Have an operator make a token with the scope that `detail` names.",
    )
    NOT_FOUND = "not-found", 404, "There is nothing at this address", "Look at /v1/openapi.json for what there is."
    UNKNOWN_CAMPAIGN = "unknown-campaign", 404, "No such campaign", "GET /v1/campaigns shows those that there are."
    UNKNOWN_SUBMISSION = (
        "unknown-submission",
        404,
        "No such submission",
        "GET /v1/unknowns shows those that are in doubt.",
    )
    NOT_COMPARED = (
        "not-compared",
        404,
        "This day was not compared with the gateway",
        "It is done once a day for the day before; an operator can have it done at any time.",
    )
    METHOD = "method-not-allowed", 405, "This cannot be done here", "The header Allow names what can."
    NOT_ACCEPTABLE = (
        "not-acceptable",
        406,
        "There is no such format",
        "Accept application/json, text/csv or application/jsonl, or say ?format=json, csv or jsonl.",
    )
    TOO_SLOW = "too-slow", 408, "The body came too slowly", "Nothing was stored. Send it again."
    KEY_CONFLICT = (
        "key-conflict",
        409,
        "The key stands for a campaign with another payload",
        "Use another key for another campaign, or the same payload to get the same campaign. Nothing was sent.",
    )
    OVER = "campaign-is-over", 409, "The campaign has ended, or was told to", "Nothing was changed, and nothing can be."
    INADVISABLE = (
        "inadvisable",
        409,
        "What is known speaks against it",
        "Nothing was changed. GET /v1/unknowns/SUBMISSION shows all that is known.",
    )
    PHONES_DROPPED = (
        "phones-dropped",
        410,
        "The phones of this campaign were dropped, long after its end",
        "Its counts stay: GET the campaign itself.",
    )
    TOO_LARGE = "too-large", 413, "The body is too large", "`detail` says how large it may be. Nothing was stored."
    MEDIA = (
        "unsupported-media-type",
        415,
        "The body is of a type that is not read here",
        "Say `Content-Type: application/json`; a contact file goes as multipart/form-data.",
    )
    INVALID = "invalid", 422, "It cannot be taken like this", "`problems` has all of it. Nothing was stored or sent."
    TOO_MANY_TRIES = (
        "too-many-tries",
        429,
        "Too many wrong tokens came from this address",
        "Wait as long as Retry-After says, and look at the token.",
    )
    FAULT = (
        "fault",
        500,
        "A fault in Dropline",
        "A campaign may or may not be in: send it again with the same key. Tell the operator; the log has it.",
    )
    AWAY = (
        "ledger-away",
        503,
        "The ledger is out of reach",
        "What it has taken is safe. Send the same request again, a campaign with the same key.",
    )
    BUSY = (
        "busy",
        503,
        "Too much is being done for others",
        "Nothing was stored. Send the same request again when Retry-After has passed.",
    )

    GATEWAY_SILENT = (
        "gateway-silent",
        503,
        "The gateway could not be asked",
        'Mend what `detail` says and send it again; who is certain all the same says "force": true.',
    )

    def __init__(self, slug: str, status: int, title: str, todo: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title
        self.todo = todo

    @property
    def path(self) -> str:
        """Its `type`."""
        return ROOT + self.slug
