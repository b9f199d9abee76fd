"""What a campaign and a job may say, as JSON Schema: made from the models, and said more closely where they cannot.

Law of the room: what the schema takes, `jobs.models.parse_campaign` takes; what only a clock knows, such as that a
start must not lie in the past, the schema cannot say.
"""

from typing import Any

from jobs.campaigns.control import VERBS
from jobs.campaigns.take import MOST_KEY_CHARACTERS
from jobs.models import AudioType, Campaign
from jobs.models.terms import CALLER_ID

AUDIO = ("audio_title", "audio_url", "audio_file")

INSTANT = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*([Zz]|[+-]\d{2}:?\d{2})$"
"""With its zone."""

_WEB = r"^\s*[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9]"
_ENDINGS = "|".join("".join(f"[{letter}{letter.upper()}]" for letter in each) for each in AudioType)
_ENDS_IN_TYPE = rf"^[^?#]*/[^?#/]*[^?#/.]\.({_ENDINGS})\s*([?#].*)?$"

Schema = dict[str, Any]

MEANINGS = {
    "caller_id": "The number that is shown: 10 digits.",
    "audio_url": "What is played, at a public http or https address. Exactly one of the three audios is said.",
    "audio_type": "With `audio_url` alone, where it does not end in its type.",
    "audio_file": "What is played, by the file name that the gateway has given it.",
    "audio_title": "What is played: a recording of the account, by its title, upper and lower case as it is there.",
    "title": "What people know the campaign by.",
    "start": "`now`, or an instant with its zone, at most 90 days ahead.",
    "ends_at": "The instant at which calls must have stopped.",
    "expires_at": "What has not begun by then is not sent any more; 24 hours after the start where nothing is said.",
    "mobile_only": "Whether mobile phones alone are called.",
    "account": "The gateway account, by its name.",
    "when_unknown": "What becomes of what nobody knows to have been sent: a person decides, or it is sent again, once.",
    "recipients": "Phones as people paste them.",
}
"""Of each field of a campaign, for whoever writes one."""


def contract() -> Schema:
    """The keywords of both jobs; `$defs/submit_campaign` and `$defs/control_campaign` can be used alone."""
    campaign, shared = campaign_schema("#/$defs/{model}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Dropline's jobs",
        "description": "The keywords of jobs.entrypoints.submit_campaign (queue campaigns) and control_campaign (queue "
        "control). A job's data is JSON: [dotted path, null, [], keywords].",
        "anyOf": [{"$ref": "#/$defs/submit_campaign"}, {"$ref": "#/$defs/control_campaign"}],
        "$defs": {**shared, "campaign": campaign, "submit_campaign": _submit(), "control_campaign": _control()},
    }


def campaign_schema(place: str) -> tuple[Schema, Schema]:
    """A campaign, and what it refers to; `place` is where that is put, with `{model}` for its name."""
    schema = Campaign.model_json_schema(ref_template=place)
    shared: Schema = schema.pop("$defs", {})
    fields = schema["properties"]
    for name, meaning in MEANINGS.items():
        fields[name]["description"] = meaning
    fields["caller_id"]["pattern"] = f"^{CALLER_ID.pattern}$"
    fields["recipients"]["items"] = {"type": ["string", "integer"]}
    for name in ("start", "ends_at", "expires_at"):
        fields[name]["anyOf"] = [_closer(each) for each in fields[name]["anyOf"]]
    schema["oneOf"] = [_only(name) for name in AUDIO]
    return schema, shared


def _closer(kind: Schema) -> Schema:
    return {**kind, "pattern": INSTANT} if kind.get("format") == "date-time" else kind


def _only(name: str) -> Schema:
    """Of the three ways to say what is played, this one."""
    nothing = {"anyOf": [{"type": "null"}, {"type": "string", "pattern": r"^\s*$"}]}
    fields: Schema = dict.fromkeys((each for each in AUDIO if each != name), nothing)
    fields[name] = {"type": "string", "pattern": _WEB if name == "audio_url" else r"\S"}
    if name == "audio_url":
        has_type = {"required": ["audio_type"], "properties": {"audio_type": {"type": "string"}}}
        ends_in_it = {"properties": {"audio_url": {"pattern": _ENDS_IN_TYPE}}}
        return {"required": [name], "properties": fields, "anyOf": [has_type, ends_in_it]}
    return {"required": [name], "properties": {**fields, "audio_type": {"type": "null"}}}


def _submit() -> Schema:
    key: Schema = {"type": ["string", "null"], "minLength": 1, "maxLength": MOST_KEY_CHARACTERS}
    key["description"] = "Stands for the campaign: the same key never sends twice. Without one the job's id is the key."
    return _keywords({"campaign": {"$ref": "#/$defs/campaign"}, "key": key}, "campaign")


def _control() -> Schema:
    verb = {"enum": [*VERBS, None], "default": None}
    fields = {"campaign_id": {"type": "string"}, "verb": verb, "why": {"type": "string", "default": ""}}
    return _keywords(fields, "campaign_id")


def _keywords(fields: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}
