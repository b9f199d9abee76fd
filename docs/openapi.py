"""Writes docs/openapi.json from the routes themselves: `python -m docs.openapi`."""

import json
from pathlib import Path

from web.intake.door import openapi

PAGE = Path(__file__).with_suffix(".json")


def page() -> str:
    """The whole document as JSON."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
