"""The style sheet, the script and the mark, under names that change with them, so that browsers may keep them."""

from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def _names() -> dict[str, Path]:
    found = {}
    for path in sorted(FOLDER.iterdir()):
        digest = sha256(path.read_bytes()).hexdigest()[:12]
        found[f"{path.stem}.{digest}{path.suffix}"] = path
    return found


FILES = {name: (path.read_bytes(), KINDS[path.suffix]) for name, path in _names().items()}
ADDRESSES = {path.name: f"/static/{name}" for name, path in _names().items()}
"""Where each file is, by its name in the folder."""
