"""Writes docs/api.md, every call of /v1 for people to read, from its OpenAPI document: `python -m docs.api`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from web.intake.door import openapi
from web.intake.shapes import EVERYWHERE
from web.problems import Kind

PAGE = Path(__file__).with_suffix(".md")

Schema = Mapping[str, Any]

HEAD = """\
# Every call of /v1

Written by `python -m docs.api` from the routes themselves; [openapi.json](openapi.json) says the same to programs, and
more closely. How it all goes together, and where to begin: [campaigns by HTTP](intake.md).

{about}
Any call may be refused with {everywhere}: [what each means](intake.md#errors).
"""


def page() -> str:
    """The whole page."""
    made = openapi()
    told = "\n".join(_sections(made))
    everywhere = ", ".join(f"`{kind.slug}`" for kind in EVERYWHERE)
    return HEAD.format(about=made["info"]["description"], everywhere=everywhere) + told


def _sections(made: Schema) -> Iterator[str]:
    shapes = made["components"]["schemas"]
    calls = ((method, path, each) for path, of in made["paths"].items() for method, each in of.items())
    tags: dict[str, list[str]] = {}
    for method, path, call in calls:
        tags.setdefault(call["tags"][0], []).append(_call(f"{method.upper()} {path}", call, shapes))
    for tag, told in tags.items():
        yield from (f"\n## {tag.capitalize()}\n", *told)


def _call(name: str, call: Schema, shapes: Schema) -> str:
    ((scope,),) = call["security"][0].values()
    lines = [f"### {call['summary']}", f"`{name}`, with the scope `{scope}`.", call["description"]]
    lines += [_table("parameter", map(_parameter, call["parameters"]))] if call.get("parameters") else []
    return "\n\n".join([*lines, *_bodies(call, shapes), *_answers(call), _refusals(call)]) + "\n"


def _bodies(call: Schema, shapes: Schema) -> Iterator[str]:
    for media, body in call.get("requestBody", {}).get("content", {}).items():
        shape = _resolved(body["schema"], shapes)
        yield f"The body, as `{media}`. {shape['description']}"
        yield _table("field", _fields(shape, shapes))
        yield from map(_block, [body["example"]] if "example" in body else shape.get("examples", ()))


def _answers(call: Schema) -> Iterator[str]:
    for status, answer in call["responses"].items():
        for media, content in answer["content"].items():
            if "example" in content:
                yield f"The answer, `{status}` as `{media}`:"
                yield _block(content["example"])


def _table(first: str, rows: Iterable[tuple[str, str, str]]) -> str:
    cells = (f"| {name} | {needed} | {meaning} |" for name, needed, meaning in rows)
    return "\n".join([f"| {first} | | what it says |", "|---|---|---|", *cells])


def _parameter(each: Schema) -> tuple[str, str, str]:
    where = each["in"] + (", needed" if each["required"] else "")
    return f"`{each['name']}`", where, each.get("description", "")


def _fields(shape: Schema, shapes: Schema) -> Iterator[tuple[str, str, str]]:
    for name, each in shape["properties"].items():
        words = [each.get("description", ""), _choice(each, shapes)]
        yield f"`{name}`", "needed" if name in shape["required"] else "", " ".join(filter(None, words))


def _choice(field: Schema, shapes: Schema) -> str:
    """The words of which it is one; '' where it may be any."""
    words = [word for each in field.get("anyOf", [field]) for word in _resolved(each, shapes).get("enum", [])]
    return f"One of {', '.join(f'`{word}`' for word in words)}." if words else ""


def _resolved(shape: Schema, shapes: Schema) -> Schema:
    found: Schema = shapes[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    return found


def _block(example: Any) -> str:
    return f"```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def _refusals(call: Schema) -> str:
    """Those that are its own."""
    found = [
        slug
        for answer in call["responses"].values()
        for each in answer["content"].values()
        for slug in each.get("examples", {})
    ]
    own = [f"`{kind.slug}` ({kind.status})" for kind in Kind if kind.slug in found and kind not in EVERYWHERE]
    return f"Refused also with {', '.join(own)}." if own else "Refused with nothing else."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
