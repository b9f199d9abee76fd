"""YAML, and what it must not guess."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jobs.gateway.simulator.plain_yaml import Sheet, UnreadableYaml, read_yaml


@pytest.mark.parametrize(
    "text", ["no", "on", "12:30", "2026-11-23", "0123", "1e3", "6175550101", "0o17", "<<", "=", ".inf"]
)
def test_a_scalar_stays_the_text_it_is(text: str) -> None:
    assert read_yaml(f"{text}: [{text}, '{text}']".encode()).values == {text: [text, text]}


@pytest.mark.parametrize("nothing", ["", "~", "null", "NULL"])
def test_nothing_is_nothing_unless_it_is_quoted(nothing: str) -> None:
    assert read_yaml(f"a: {nothing}\nb: '{nothing}'".encode()).values == {"a": None, "b": nothing}


def test_a_value_is_known_by_its_line_and_what_is_missing_by_the_line_above_it() -> None:
    sheet = read_yaml(b"# storm\nclock:\n  speed: 2\nfaults:\n  -\n    kind: html\n  - kind: slow\n")
    lines = {("clock",): 2, ("clock", "speed"): 3, ("faults",): 4, ("faults", 0): 6, ("faults", 0, "kind"): 6}
    assert sheet.lines == lines | {("faults", 1): 7, ("faults", 1, "kind"): 7}
    assert sheet.line_of(("faults", 1, "chance")) == 7
    assert sheet.line_of(("settings",)) is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 3, "a: stands here a second time, and first in line 1"),
        ("a: {b: 1,\n 'b': 2}", 2, "b: stands here a second time, and first in line 1"),
        ("a:\n\tb: 1", 2, "begins with a tab; YAML is indented with blanks"),
        ("a: [1", 1, "is no YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"),
        ("a: &x 1\nb: *x", 2, "*x: aliases are not understood; write it out"),
        ("a: &x [*x]", 1, "*x: aliases are not understood; write it out"),
        ("a:\n  - !!python/object:os.system {}", 2, "types such as !!str are not understood; leave them out"),
        ("? [a]\n: b", 1, "a name must be plain text"),
        ("a: 1\n---\nb: 2", 2, "is no YAML: expected a single document in the stream, but found another document"),
    ],
)
def test_what_may_not_mean_what_its_writer_thinks_is_refused_by_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(UnreadableYaml) as caught:
        read_yaml(text.encode())
    assert (caught.value.line, caught.value.problem) == (line, problem)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_it_is_read_as_an_editor_saved_it(encoding: str) -> None:
    assert read_yaml("título: 'año'\r\n".encode(encoding)).values == {"título": "año"}


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadableYaml, match="is not text: "):
        read_yaml(b"a: \xff\xfe\xfa")


@given(st.binary(max_size=40) | st.text(alphabet="ab:-?[]{}&*!|>'\" \n\t#", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    with suppress(UnreadableYaml):
        assert isinstance(read_yaml(source), Sheet)


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))
def test_what_is_written_as_text_is_read_as_it_was(values: object) -> None:
    written = yaml.safe_dump(values, default_style='"', allow_unicode=False)
    assert read_yaml(written.replace("!!str ", "").encode()).values == values
