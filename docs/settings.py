"""Writes docs/settings.md from the settings themselves: `python -m docs.settings`."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.settings import Settings, variables

PAGE = Path(__file__).with_suffix(".md")

OPENING = """\
# Settings

Everything that can be set is an environment variable. An empty variable counts as unset. Names that end in `_S` are
seconds. A value that cannot work is refused at the start, with its name and an example, and a name of ours that looks
misspelt is pointed out.

To talk to the gateway, `GATEWAY_UID` and `GATEWAY_PASSWORD` are needed, and nothing else; or `GATEWAY_ACCOUNTS`.

| variable | unless set | what it means |
|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    return OPENING + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split())
    return f"| `{variables(name)[0]}` | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value in (None, ""):
        return ""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
