"""A YAML file as plain values, and the line that each of them stands on.

Law of the room: a scalar stays the text it is, and the field it is for decides what it means. YAML goes by its look,
and makes a truth value of `no` and of the key `on`, 750 of `12:30`, a date of `2026-11-23` and 83 of `0123`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from jobs.gateway.simulator.problems import Place

_KNOWN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str")}
_NOTHING = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """`values` are dicts with text for keys, lists, texts and None. Lines are counted from 1."""

    values: Any
    lines: Mapping[Place, int]

    def line_of(self, place: Place) -> int | None:
        """Where this stands, or else the nearest thing above it that does; None where nothing is stated."""
        return next((self.lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in self.lines), None)


class UnreadableYaml(Exception):
    """No YAML, or YAML that may not mean what its writer thinks; `line` is None where only the whole can be blamed."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def read_yaml(source: bytes) -> Sheet:
    """Everything a file states, None if that is nothing; raises `UnreadableYaml` for the first thing it stumbles over.

    Refused besides bad syntax: a name given twice, of which YAML would keep the last; tags; aliases.
    """
    lines: dict[Place, int] = {}
    try:
        root = yaml.compose(source, Loader=_Composer)
    except yaml.MarkedYAMLError as error:
        raise UnreadableYaml(_in_words(error), _line(error.problem_mark or error.context_mark)) from None
    except yaml.YAMLError as error:
        raise UnreadableYaml(f"is not text: {error}".splitlines()[0]) from None
    return Sheet(_value(root, (), lines), lines)


class _Composer(yaml.BaseLoader):
    """Reads syntax only. The base loader makes nothing of what a scalar looks like, and no objects."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
            raise UnreadableYaml(f"*{alias.anchor}: aliases are not understood; write it out", _line(alias.start_mark))
        return super().compose_node(parent, index)


def _value(node: yaml.Node | None, place: Place, lines: dict[Place, int]) -> Any:
    if node is None:
        return None
    if node.tag not in _KNOWN_TAGS:
        raise UnreadableYaml("types such as !!str are not understood; leave them out", _line(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return {name: _value(below, (*place, name), lines) for name, below in _entries(node, place, lines)}
    if isinstance(node, yaml.SequenceNode):
        lines |= {(*place, number): _line(below.start_mark) for number, below in enumerate(node.value)}
        return [_value(below, (*place, number), lines) for number, below in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> str | None:
    is_quoted = node.style is not None
    return node.value if is_quoted or node.value not in _NOTHING else None


def _entries(node: yaml.MappingNode, place: Place, lines: dict[Place, int]) -> Iterator[tuple[str, yaml.Node]]:
    for key, below in node.value:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise UnreadableYaml("a name must be plain text", line)
        if (first := lines.get((*place, key.value))) is not None:
            raise UnreadableYaml(f"{key.value}: stands here a second time, and first in line {first}", line)
        lines[*place, key.value] = line
        yield key.value, below


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _in_words(error: yaml.MarkedYAMLError) -> str:
    if error.problem and "'\\t'" in error.problem:
        return "begins with a tab; YAML is indented with blanks"
    return "is no YAML: " + ", ".join(filter(None, (error.context, error.problem)))
