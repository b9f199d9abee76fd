"""Contrast of the page's colours, computed from its style sheet, in light and in dark."""

import re

import pytest

from web.pages.files import FOLDER

PALETTE, OURS, QUEUES = ((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in ("colours", "page", "queues"))
SHEET = OURS + QUEUES
KINDS = ["good", "busy", "held", "alarm", "bad", "calm"]
TEXTS = [(text, ground) for text in ("text", "dim", "link", "danger", "good", "held") for ground in ("ground", "card")]
TEXTS += [
    ("danger", "bad-ground"),
    ("text", "sunk"),
    ("dim", "sunk"),
    ("link", "sunk"),
    ("on-button", "button"),
    ("card", "text"),
    *((kind, f"{kind}-ground") for kind in KINDS),
]
SHAPES = [(shape, "card") for shape in ("delivered", "failed", "none", "there", "doubt")] + [("ring", "card")]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


LIGHT, DARK = (colours(each) for each in PALETTE.split("prefers-color-scheme: dark"))


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_as_aa_asks(scheme: dict[str, str]) -> None:
    assert scheme.keys() == LIGHT.keys()
    weak = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in TEXTS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_shapes_that_mean_something_stand_out_too(scheme: dict[str, str]) -> None:
    weak = {pair: round(contrast(scheme[pair[0]], scheme[pair[1]]), 2) for pair in SHAPES}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_every_colour_is_named_once_and_drawn_by_its_name() -> None:
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[ ;)])", SHEET) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", SHEET)) <= LIGHT.keys()


def test_whoever_wants_no_motion_gets_none() -> None:
    moving = re.sub(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", SHEET, flags=re.DOTALL)
    assert "transition" not in moving
    assert "animation" not in moving
