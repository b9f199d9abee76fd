"""Somebody who uses the page, by HTTP alone: signs in, looks, sends forms as a browser does."""

import re
from typing import Any

import requests
from redis import Redis

from jobs.ledger import people
from jobs.ledger.people import Role
from tests.jobs.ledger.conftest import NOW

PASSWORD = "a horse of another colour"


def add(redis: Redis, name: str, role: Role = Role.OPERATE, *, sees_phones: bool = False) -> None:
    """Let somebody log in."""
    people.add(redis, name, role, PASSWORD, sees_phones=sees_phones, now=NOW)


class Visit:
    """A browser without JavaScript."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def get(self, path: str) -> requests.Response:
        """A page, wherever it leads."""
        return self.session.get(self.address + path, timeout=60)

    def post(self, path: str, *, origin: str | None = "", **fields: Any) -> requests.Response:
        """A form's fields, not following where it leads; another `origin` or none (None) unless it is ours ('')."""
        headers = {} if origin is None else {"Origin": origin or self.address}
        return self.session.post(self.address + path, data=fields, headers=headers, timeout=60, allow_redirects=False)

    def sign_in(self, name: str, password: str = PASSWORD, to: str = "/") -> requests.Response:
        """By the form, as it is drawn."""
        page = self.get("/sign-in")
        return self.post("/sign-in", token=token_of(page), name=name, password=password, to=to)

    def send(self, at: str, path: str, **fields: Any) -> requests.Response:
        """A form of the page that is there, with its token."""
        return self.post(path, token=token_of(self.get(at)), **fields)


def token_of(page: requests.Response) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="token" value="([^"]*)"', page.text)
    return found[1] if found else ""
