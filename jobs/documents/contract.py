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
    fields["caller_id"] |= {"pattern": f"^{CALLER_ID.pattern}$", "description": "The number that is shown: 10 digits."}
    fields["recipients"]["items"] = {"type": ["string", "integer"]}
    fields["recipients"]["description"] = "Phones as people paste them."
    fields["start"]["description"] = "`now`, or an instant with its zone, at most 90 days ahead."
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
