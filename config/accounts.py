"""Several gateway accounts in one variable. Law of the room: no complaint repeats a value; it may be a credential."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

DEFAULT_ACCOUNT = "default"
"""The name of the account of GATEWAY_UID and GATEWAY_PASSWORD, and of a campaign that names none."""

NAME = r"^[A-Za-z0-9_-]{1,64}$"


CallsPerSecond = Annotated[float, Field(ge=0.2, le=1_000, allow_inf_nan=False)]
"""Not below one in five seconds: a worker sleeps until the slot after its own, and must not sleep for long."""

BalanceFloor = Annotated[int, Field(ge=0, le=1_000_000_000)]
PhonesPerMinute = Annotated[int, Field(ge=1, le=10_000_000)]


def where_set(account: str) -> str:
    """The variables that hold an account's credentials."""
    return "GATEWAY_UID and GATEWAY_PASSWORD" if account == DEFAULT_ACCOUNT else f"{account} in GATEWAY_ACCOUNTS"


class UnknownAccount(LookupError):
    """No gateway account has that name."""


class AccountSettings(BaseModel):
    """The credentials of one gateway account, and its limits and floor where they differ from the general ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    uid: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(repr=False)
    password: Annotated[SecretStr, Field(min_length=1)]
    calls_per_s: CallsPerSecond | None = None
    phones_per_min: PhonesPerMinute | None = None
    balance_floor: BalanceFloor | None = None


def place(location: tuple[str | int, ...]) -> str:
    """Where in the accounts something is wrong, such as `west.password`. What stands in the place of a name may be
    anything, even a password, so it is shown only if it is one.
    """
    if not location:
        return ""
    account = str(location[0]) if re.fullmatch(NAME, str(location[0])) else "(an odd name)"
    fields = [str(each) for each in location[1:] if each != "[key]"]
    return ".".join(
        [account, *(each if each in AccountSettings.model_fields else "(another field)" for each in fields)]
    )


def _json_object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value, object_pairs_hook=_named_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from None
    if not isinstance(read, dict):
        raise ValueError("must be a JSON object with a name for each account")  # noqa: TRY004  # pydantic collects ValueError
    return read


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("has a name twice in the same place")
    return read


def _not_default(accounts: Mapping[str, AccountSettings]) -> Mapping[str, AccountSettings]:
    if DEFAULT_ACCOUNT in accounts:
        raise ValueError(f"{DEFAULT_ACCOUNT} is the account of GATEWAY_UID and GATEWAY_PASSWORD; choose another name")
    return accounts


Accounts = Annotated[
    Mapping[Annotated[str, StringConstraints(pattern=NAME)], AccountSettings],
    BeforeValidator(_json_object),
    AfterValidator(_not_default),
]
