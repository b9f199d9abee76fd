"""The environment as one checked, frozen object. Law of the room: what is read is handed in, never looked up."""

import difflib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.accounts import (
    DEFAULT_ACCOUNT,
    Accounts,
    AccountSettings,
    BalanceFloor,
    CallsPerSecond,
    PhonesPerMinute,
    UnknownAccount,
    place,
)
from config.durability import WantedDurability
from config.masking import mask_text
from config.urls import check_redis_url, parse_gateway_url, parse_networks, parse_public_url, redis_password

FALLBACKS: Mapping[str, str] = {"REDIS_URL": "REDIS_TLS_URL"}
"""Read when the first is unset: hosted plans have used both names for the encrypted address."""

GATEWAY_URLS: Mapping[str, str] = {
    "text": "https://www.mobile-sphere.com/gateway/",
    "json": "https://www.slybroadcast.com/gateway/",
}
"""Where the vendor documents each dialect."""

FAMILIES = ("GATEWAY_", "REDIS_", "WORKER_", "WORKERS_")
"""How our variables begin where a misspelt one is worth a warning; the others are too common."""

OTHER_WORDS: Mapping[str, str] = {
    "GATEWAY_USER": "GATEWAY_UID",
    "GATEWAY_USERNAME": "GATEWAY_UID",
    "GATEWAY_USER_ID": "GATEWAY_UID",
    "GATEWAY_LOGIN": "GATEWAY_UID",
    "GATEWAY_EMAIL": "GATEWAY_UID",
    "GATEWAY_PASS": "GATEWAY_PASSWORD",
    "GATEWAY_PASSWD": "GATEWAY_PASSWORD",
    "GATEWAY_PWD": "GATEWAY_PASSWORD",
    "GATEWAY_SECRET": "GATEWAY_PASSWORD",
    "REDIS_ADDRESS": "REDIS_URL",
    "WORKERS_COUNT": "WORKERS_CAMPAIGNS",
    "WORKER_COUNT": "WORKERS_CAMPAIGNS",
}
"""What others call it. No letters are alike, and so no likeness finds it."""


class InvalidSettings(Exception):
    """The environment cannot be used. `problems` has all of it, each naming its variable and never a secret's value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n  ".join(("the environment needs attention:", *problems)))
        self.problems = problems


class AudioPreflight(StrEnum):
    """What is looked at of a campaign's audio before its first submission."""

    OFF = "off"
    """Nothing: the gateway judges."""
    ACCOUNT = "account"
    """Recordings and files must be in the account's list, and last long enough."""
    ALL = "all"
    """The same, and what lies at a URL is fetched and measured."""


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    """One object per line, for machines."""
    CONSOLE = "console"
    """Aligned and coloured, for people."""
    AUTO = "auto"
    """`console` on a terminal, else `json`."""


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _where_documented(url: Any, info: ValidationInfo) -> Any:
    """The address that is stated, or the vendor's for the dialect."""
    return url or GATEWAY_URLS[info.data.get("gateway_dialect", "text")]


def _redis_url(url: SecretStr) -> SecretStr:
    check_redis_url(url.get_secret_value())
    return url


RedisUrl = Annotated[SecretStr, BeforeValidator(_strip), AfterValidator(_redis_url)]
GatewayDialect = Annotated[Literal["text", "json"], BeforeValidator(_lower)]
GatewayUrl = Annotated[
    str, BeforeValidator(_where_documented), BeforeValidator(_strip), AfterValidator(parse_gateway_url)
]
PublicUrl = Annotated[str, BeforeValidator(_strip), AfterValidator(parse_public_url)]
HEROKUS_PROXIES = "127.0.0.1,::1,10.0.0.0/8"
"""Its routers reach a dyno, which nobody else does, from addresses of that network."""

TrustedProxies = Annotated[str, BeforeValidator(_strip), AfterValidator(parse_networks)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
WorkerCount = Annotated[int, Field(ge=1, le=32)]


class Settings(BaseSettings):
    """Everything that an operator can set, read by `from_env`. A field's variable is its name in capitals, and an
    empty variable counts as unset. Durations are in seconds.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    redis_url: RedisUrl = Field(default=SecretStr("redis://localhost:6379/0"), examples=["redis://localhost:6379/0"])
    """Where ledger and queues live: redis://, rediss:// or unix://. Without it REDIS_TLS_URL is read."""
    redis_tls_verify: bool = Field(default=False, examples=["true"])
    """Whether a rediss:// server must prove who it is. Off, because hosted Redis (Heroku's among them) signs its own
    certificates, which no strict client accepts; the connection is encrypted either way. Switch it on where a known
    authority signed the certificate, or where REDIS_URL ends in `?ssl_ca_certs=<file>`."""
    durability: Annotated[WantedDurability, BeforeValidator(_lower)] = Field(
        default=WantedDurability.AUTO, examples=["strict"]
    )
    """What the Redis server must offer, or no worker starts: strict (nothing is sent before the server has said that
    the decision to send is on its disk), standard (an append-only file) or best_effort. auto takes the best it offers.
    """

    gateway_dialect: GatewayDialect = Field(default="text", examples=["json"])
    """text or json: whether the gateway is asked at vmb.php or at vmb.json.php."""
    gateway_url: GatewayUrl = Field(
        default="", validate_default=True, examples=["https://www.mobile-sphere.com/gateway/"]
    )
    """The base of the gateway's scripts; ends in /gateway/. Unset, it is where the vendor documents the dialect:
    https://www.mobile-sphere.com/gateway/ for text, https://www.slybroadcast.com/gateway/ for json."""
    gateway_day_field: Annotated[str, BeforeValidator(_strip), Field(pattern=r"^[A-Za-z]\w{0,39}$")] = Field(
        default="c_date", examples=["c_date"]
    )
    """The field that holds the day when the gateway is asked for a day's sessions. The vendor does not name it."""
    gateway_uid: Annotated[str, BeforeValidator(_strip)] | None = Field(
        default=None, repr=False, examples=["you@example.com"]
    )
    """The account's user id. Needed only by what talks to the gateway."""
    gateway_password: SecretStr | None = Field(default=None, examples=["(the account's password)"])
    """The account's password. Needed only by what talks to the gateway."""
    gateway_accounts: Accounts = Field(
        default={}, examples=['{"west": {"uid": "west@example.com", "password": "(its password)"}}']
    )
    """Further accounts by name, as a JSON object. A campaign names the one it goes through; without a name it is the
    default account, that of GATEWAY_UID. Besides `uid` and `password` an account may state limits of its own,
    `calls_per_s` and `phones_per_min`, and a `balance_floor`. Credentials, limits and do-not-dial lists never cross
    accounts."""
    gateway_connect_timeout_s: Seconds = Field(default=5, examples=["5"])
    """How long a connection to the gateway may take to open. Running out proves that nothing was sent."""
    gateway_read_timeout_s: Seconds = Field(default=20, examples=["20"])
    """How long the gateway may stay silent: it fetches the audio before it answers, so it can be slow."""
    gateway_deadline_s: Annotated[Seconds, Field(le=22)] = Field(default=20, examples=["20"])
    """How long one request may take in all. At most 22, because a dyno is killed 30 s after its SIGTERM, and a worker
    that has just begun to send must still read the answer and write it down, or its outcome is unknown."""
    gateway_calls_per_s: CallsPerSecond = Field(default=5, examples=["5"])
    """How many requests an account makes in a second, all workers together. Each has an instant of its own, evenly
    spaced, and none leaves before it; who missed its own by more than a second waits for another. One that is late by
    less (a slow line, a busy machine, a slow disk of Redis) may arrive in the second of those after it, so now and then
    a second sees one or two more. Stops and cancels alone need not wait: as people are being called meanwhile, they
    borrow the calls of the next 20 seconds, a hundred at five a second, with SEND_CONCURRENCY of them under way at a
    time, and all other requests wait until that is made good. So the sum is never more than agreed, but for what is
    borrowed.
    The gateway publishes no limit; five a second hand over three million phones in a minute, and nobody takes them for
    an attack. At least 0.2: a worker waits for its next call, and below one in five seconds it would do little else."""
    gateway_phones_per_min: PhonesPerMinute | None = Field(default=None, examples=["100000"])
    """How many phones an account hands over in a minute, plus at most one submission. Unset: no limit, because how fast
    phones ring is the gateway's choice; set it where people call back and somebody must answer."""
    balance_floor: BalanceFloor | None = Field(default=None, examples=["5000"])
    """Below how many messages that remain an account is said to be low: in the log, once until that is over, and by
    `list` and `balance`. An account of GATEWAY_ACCOUNTS may have its own, `balance_floor`. Unset: no warning."""
    public_url: PublicUrl | None = Field(default=None, examples=["https://drops.example.com"])
    """Where the gateway's postbacks reach us, without a last slash. Unset: calls are followed by polls alone."""

    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=8000, examples=["8000"])
    """At which port `python -m web` listens. Heroku sets it."""
    open_on_loopback: bool = Field(default=False, examples=["true"])
    """Whether requests of this machine's own need no token, for trials. `python -m web` refuses it unless it listens at
    a loopback address, and shows no whole phones by it. Never with a proxy in front: what a proxy or a browser's page
    brings needs a token all the same, but a proxy may hide that it is one."""
    trusted_proxies: TrustedProxies = Field(
        default="127.0.0.1,::1", validate_default=True, examples=["127.0.0.1,192.168.7.0/24"]
    )
    """From which addresses and networks, by commas, `python -m web` believes what a proxy says of its client: the
    X-Forwarded-For and X-Forwarded-Proto of a request. As it comes: a proxy on the same machine; where DYNO is set, as
    on Heroku, its routers in 10.0.0.0/8, too. Anywhere else name your proxy, or all its clients count as one.
    Of several addresses the last one counts that is no proxy of ours: what stands before it anybody may have written.
    """

    workers_campaigns: WorkerCount = Field(default=1, examples=["1"])
    """How many workers serve the queue `campaigns`."""
    workers_status: WorkerCount = Field(default=1, examples=["1"])
    """How many workers serve the queue `status`. (`control` always has one of its own.)"""
    send_concurrency: Annotated[int, Field(ge=1, le=64)] = Field(default=8, examples=["8"])
    """How many submissions one job sends at the same time."""

    scheduler_lease_s: Annotated[float, Field(ge=1, le=25, allow_inf_nan=False)] = Field(default=15, examples=["15"])
    """How long a scheduler that is killed goes on being the one that ticks, before another scheduler, or the workers,
    take over. One that is told to end hands over at once."""

    audio_preflight: Annotated[AudioPreflight, BeforeValidator(_lower)] = Field(
        default=AudioPreflight.OFF, examples=["account"]
    )
    """What is looked at of a campaign's audio before its first submission: off, account (a recording or file must be in
    the account and last more than 5 seconds) or all (also, what lies at a URL is fetched, from the public web only, and
    must be of its stated type and last as long). What is certainly wrong is refused before anything is sent."""

    lead_s: Seconds = Field(default=600, examples=["600"])
    """How long before its start a campaign for later is handed to the gateway. Short, because until then changes and
    do-not-dial requests are local and final; long enough to settle an unknown outcome before a phone rings."""
    poll_first_s: Seconds = Field(default=5, examples=["5"])
    """The wait before the first poll of a session's results; the waits grow from there."""
    poll_max_s: Seconds = Field(default=300, validate_default=True, examples=["300"])
    """The longest wait between two polls of a running session."""
    silence_s: Seconds = Field(default=86_400, examples=["86400"])
    """A running session without any new record for that long is closed."""
    settle_s: Seconds = Field(default=60, examples=["60"])
    """The same for a session whose stop is confirmed."""
    absent_after_s: Annotated[float, Field(ge=15, le=86_400)] = Field(default=300, examples=["300"])
    """A submission of which nobody knows is taken for absent when complete listings do not show it so long after it was
    sent, and for so long: then it may be sent again. A gateway that lists sessions later than that makes phones ring
    twice; less than minutes is for trials."""
    keep_keys_days: Annotated[int, Field(ge=100, le=3_650)] = Field(default=180, examples=["180"])
    """How long an idempotency key is remembered. At least 100, because a start may lie 90 days ahead."""

    retention_days: Annotated[int, Field(ge=15, le=3_650)] = Field(default=90, examples=["90"])
    """How long after a campaign's end its phones are kept: those called, how each drop ended, and the rows left out.
    Its counts stay. At least 15, because a day may be compared with the gateway for 14 days."""

    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = Field(default=LogLevel.INFO, examples=["INFO"])
    """How much is logged: DEBUG, INFO, WARNING or ERROR."""
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = Field(default=LogFormat.AUTO, examples=["json"])
    """json, console, or auto: console on a terminal, else json."""

    _suspects: tuple[str, ...] = ()

    @field_validator("gateway_accounts")
    @classmethod
    def _one_name_each(cls, accounts: Accounts, info: ValidationInfo) -> Accounts:
        """Two names for one account would be two do-not-dial lists for the same phones."""
        named = {uid.casefold(): DEFAULT_ACCOUNT for uid in [info.data.get("gateway_uid")] if uid}
        for name, account in accounts.items():
            other = named.setdefault(account.uid.casefold(), name)
            if other != name:
                raise ValueError(f"{name} has the same uid as {other}; an account has one name only")
        return accounts

    @field_validator("poll_max_s")
    @classmethod
    def _polls_slow_down(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("poll_first_s", 0):
            raise ValueError("must not be less than POLL_FIRST_S")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what is handed in: a look at os.environ or .env in here would tie tests to the machine."""
        return (init_settings,)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read `env`, usually os.environ. Variables that are not ours are ignored. Raises `InvalidSettings`."""
        given = {name: variable for name in cls.model_fields if (variable := _variable_given(name, env))}
        elsewhere = {"trusted_proxies": HEROKUS_PROXIES} if env.get("DYNO") else {}
        try:
            settings = cls.model_validate(elsewhere | {name: env[variable] for name, variable in given.items()})
        except ValidationError as invalid:
            problems = tuple(_problem(error, given) for error in invalid.errors(include_input=False))
        else:
            settings._suspects = tuple(_near_misses(env))
            return settings
        # Raised outside the handler: pydantic's own error holds the values, and a traceback would show it.
        raise InvalidSettings(problems)

    @property
    def suspects(self) -> tuple[str, ...]:
        """A sentence for each variable that looks like a misspelt one of ours."""
        return self._suspects

    def gateway_problems(self) -> tuple[str, ...]:
        """What is missing for talking to the gateway: further accounts can do without the default one."""
        missing = [name for name in ("gateway_uid", "gateway_password") if getattr(self, name) is None]
        if self.gateway_accounts and len(missing) == 2:
            return ()
        return tuple(_sentence(name.upper(), "is missing, and the gateway asks for it", name) for name in missing)

    def require_gateway(self) -> None:
        """Raises `InvalidSettings` naming what is missing for talking to the gateway."""
        if problems := self.gateway_problems():
            raise InvalidSettings(problems)

    def secrets(self) -> tuple[str, ...]:
        """The values that must not occur in any log line, wherever they come from."""
        accounts = [self.gateway_password, *(each.password for each in self.gateway_accounts.values())]
        passwords = (redis_password(self.redis_url.get_secret_value()), *(p.get_secret_value() for p in accounts if p))
        return tuple(password for password in passwords if password)

    def account(self, name: str = DEFAULT_ACCOUNT) -> AccountSettings:
        """The credentials of the gateway account of that name; raises `UnknownAccount` or `InvalidSettings`."""
        if name == DEFAULT_ACCOUNT:
            self.require_gateway()
        if found := self.accounts.get(name):
            return found
        known = ", ".join(self.accounts) or "none"
        raise UnknownAccount(f"no gateway account is named {mask_text(name)!r}; there is: {known}")

    @property
    def balance_floors(self) -> Mapping[str, int]:
        """The floor of each account that has one, its own or the general one."""
        stated = {
            name: self.balance_floor if account.balance_floor is None else account.balance_floor
            for name, account in self.accounts.items()
        }
        return {name: floor for name, floor in stated.items() if floor is not None}

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        """Every account that can be used, by name."""
        if self.gateway_uid is None or self.gateway_password is None:
            return self.gateway_accounts
        default = AccountSettings(uid=self.gateway_uid, password=self.gateway_password)
        return {DEFAULT_ACCOUNT: default, **self.gateway_accounts}


def variables(name: str) -> tuple[str, ...]:
    """The variables that a field is read from, the first that is set."""
    first = name.upper()
    return (first, FALLBACKS[first]) if first in FALLBACKS else (first,)


def _variable_given(name: str, env: Mapping[str, str]) -> str | None:
    return next((variable for variable in variables(name) if env.get(variable, "").strip()), None)


def _problem(error: ErrorDetails, given: Mapping[str, str]) -> str:
    name = str(error["loc"][0])
    complaint = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if where := place(error["loc"][1:]):
        complaint = f"{where}: {complaint}"
    return _sentence(given.get(name, name.upper()), complaint, name)


def _sentence(variable: str, complaint: str, name: str) -> str:
    (example,) = Settings.model_fields[name].examples or ("",)
    return f"{variable}: {complaint}; for example {variable}={example}"


def _near_misses(env: Mapping[str, str]) -> list[str]:
    ours = [variable for name in Settings.model_fields for variable in variables(name)]
    strangers = sorted(name for name in env if name.upper().startswith(FAMILIES) and name not in ours)
    matches = {name: _meant(name.upper(), ours) for name in strangers}
    return [f"{name} is not read; did you mean {match}?" for name, match in matches.items() if match]


def _meant(name: str, ours: Sequence[str]) -> str | None:
    """The one of ours that may be meant, of the same family: WORKER_CONCURRENCY is another program's own."""
    family = name.partition("_")[0].removesuffix("S")
    relatives = [each for each in ours if each.startswith(family)]
    return OTHER_WORDS.get(name) or next(iter(difflib.get_close_matches(name, relatives, n=1, cutoff=0.75)), None)
