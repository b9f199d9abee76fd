"""What is wrong with values that somebody stated, in words for who stated them."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Place = tuple[str | int, ...]
"""Names and numbers that lead from the whole of what was stated to a value in it."""

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "model_type": "must have fields of its own",
    "mapping_type": "must have fields of its own",
    "dict_type": "must have fields of its own",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "timezone_aware": "needs its offset from UTC, such as 2026-11-23T09:30:00-05:00",
    "datetime_from_date_parsing": "must be an instant, such as 2026-11-23T09:30:00-05:00",
    "datetime_type": "must be an instant, such as 2026-11-23T09:30:00-05:00",
}
"""Our words for the kinds of problem whose own would need to be explained."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `place`. Tells the field's name, and not what was stated: that may be a secret."""

    place: Place
    text: str

    def __str__(self) -> str:
        return self.named(_name_of(self.place))

    def named(self, name: str) -> str:
        return f"{name}: {self.text}" if name else self.text


def problems_in(error: ValidationError, kind: type[BaseModel]) -> list[Problem]:
    """Every problem with what was to become a `kind`."""
    return [Problem(each["loc"], _text(each, kind)) for each in error.errors(include_url=False, include_context=False)]


def _name_of(place: Place) -> str:
    """`settings.accounts`, `faults #2.kind`: people count from one."""
    parts = (f" #{step + 1}" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(parts).lstrip(". ")


def _text(error: Any, kind: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _kind_at(kind, error["loc"][:-1]).model_fields, 1)
        return f"there is no such field; is {near[0]} meant?" if near else "there is no such field"
    if error["input"] is None:
        return "has no value"
    return _WORDS.get(error["type"], error["msg"].replace("Input should", "must").replace("String should", "must"))


def _kind_at(kind: type[BaseModel], place: Place) -> type[BaseModel]:
    for step in place:
        if field := kind.model_fields.get(str(step)):
            kind = _kind_in(field.annotation) or kind
    return kind


def _kind_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation such as `Mapping[str, Account]` or `Dialect | None` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_kind_in, get_args(annotation))), None)
