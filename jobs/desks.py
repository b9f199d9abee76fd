"""A desk as the settings state it: its numbers, its limits, and the gateway's clients. Nothing is asked of a server."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from random import Random

from redis import Redis

from config.accounts import AccountSettings
from config.settings import AudioPreflight, Settings
from jobs.campaigns.addresses import seal_key
from jobs.campaigns.desk import Desk, Timings
from jobs.fetching import fetch
from jobs.gateway.client import Credentials, Dialect, GatewayClient, Timeouts
from jobs.ledger.limits import Limits


def desk_at(settings: Settings, redis: Redis, *, clock: Callable[[], datetime]) -> Desk:
    """A desk with the numbers that the settings state, before a server of which nothing is asked."""
    return Desk(
        redis=redis,
        gateway=gateway_clients(settings),
        clock=clock,
        random=Random(),
        timings=timings(settings),
        accounts=tuple(settings.accounts),
        concurrency=settings.send_concurrency,
        own_limits=limits(settings),
        balance_floors=settings.balance_floors,
        looks_at_recordings=settings.audio_preflight is not AudioPreflight.OFF,
        fetch=fetch if settings.audio_preflight is AudioPreflight.ALL else None,
        postbacks_url=f"{settings.public_url}/postbacks/" if settings.public_url else "",
        seal_key=seal_keys(settings),
    )


def seal_keys(settings: Settings) -> Callable[[str], bytes]:
    """The key of each account, by its name, made when it is first asked for."""

    @cache
    def key(account: str) -> bytes:
        return seal_key(settings.account(account).password.get_secret_value())

    return key


def limits(settings: Settings) -> dict[str, Limits]:
    """What each account may ask of the gateway, by its name."""
    return {name: _limits(settings, account) for name, account in settings.accounts.items()}


def _limits(settings: Settings, account: AccountSettings) -> Limits:
    return Limits(
        account.calls_per_s or settings.gateway_calls_per_s,
        account.phones_per_min or settings.gateway_phones_per_min,
    )


def timings(settings: Settings) -> Timings:
    """The numbers that the environment may set; the others have no good reason to differ."""
    return Timings(
        keep_keys=timedelta(days=settings.keep_keys_days),
        retention=timedelta(days=settings.retention_days),
        lead=timedelta(seconds=settings.lead_s),
        answer_within=timedelta(seconds=settings.gateway_deadline_s + 10),
        poll_first=timedelta(seconds=settings.poll_first_s),
        poll_most=timedelta(seconds=settings.poll_max_s),
        silence=timedelta(seconds=settings.silence_s),
        settle=timedelta(seconds=settings.settle_s),
        absent_after=timedelta(seconds=settings.absent_after_s),
        absent_apart=timedelta(seconds=settings.absent_after_s),
    )


def gateway_clients(settings: Settings) -> Callable[[str], GatewayClient]:
    """The client of each account, by its name, made once; it raises `UnknownAccount` or `InvalidSettings`."""

    @cache
    def client(account: str) -> GatewayClient:
        found = settings.account(account)
        return GatewayClient(
            base_url=settings.gateway_url,
            credentials=Credentials(uid=found.uid, password=found.password),
            dialect=Dialect(settings.gateway_dialect),
            day_field=settings.gateway_day_field,
            timeouts=Timeouts(
                connect_s=settings.gateway_connect_timeout_s,
                read_s=settings.gateway_read_timeout_s,
                deadline_s=settings.gateway_deadline_s,
            ),
        )

    return client
