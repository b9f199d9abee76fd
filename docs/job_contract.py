"""Writes docs/job-contract.schema.json, what a job of another system may carry: `python -m docs.job_contract`."""

import json
from pathlib import Path

from jobs.documents.contract import contract

PAGE = Path(__file__).with_name("job-contract.schema.json")


def page() -> str:
    """The whole schema as JSON."""
    return json.dumps(contract(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
