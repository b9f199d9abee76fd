"""The one way to open a Redis connection: one that waits out an outage instead of ending the process that holds it.

Law of the room: a command may be sent twice. Its answer can be lost with the connection, and the client then sends it
again by itself; so every write must answer the second time as the first.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from redis import Redis
from redis import exceptions as trouble
from redis.backoff import EqualJitterBackoff
from redis.connection import BlockingConnectionPool
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from config.masking import mask_text

Result = TypeVar("Result")

REPLY_TIMEOUT_S = 30
"""How long an answer may take. It must be longer than the longest blocking pop: where it is shorter, the client gives
the pop up and sends it again while the first still waits at the server, and a job can fall between the two. RQ raises
it only for connections opened later, to 10 s more than its pop; its pops take 15 s less than a worker's ttl."""

CONNECT_TIMEOUT_S = 5
LONGEST_WAIT_S = 3
"""Between two tries; so long after its server a process is back at the latest."""


class RedisUnreachable(Exception):
    """There is no Redis server to work with; the message says where it was looked for and what to do."""


def connect(
    url: str,
    *,
    patience_s: float = 60,
    reply_within_s: float | None = None,
    max_connections: int = 4,
    name: str = "",
    tls_verify: bool = False,
) -> Redis:
    """A client for `url` (redis://, rediss:// or unix://) that opens connections as needed and answers in bytes.

    A command waits out an outage of at least `patience_s`, then raises redis' ConnectionError or TimeoutError. Threads
    beyond `max_connections` wait for one to become free. The server lists the connections as `dropline-<name>`.
    With a small `patience_s` the client gives up quickly and is not for blocking pops. Options in the URL's query win.

    For those whom somebody waits for: with `reply_within_s` no answer is awaited for longer. `patience_s` then bounds
    the wait for a free connection, too, and counts from the start of a command, so that a server that hangs is given
    up after its first silence.
    """
    reply_s = reply_within_s or min(REPLY_TIMEOUT_S, max(patience_s, CONNECT_TIMEOUT_S))
    options: dict[str, Any] = {
        "socket_timeout": reply_s,
        "socket_connect_timeout": min(CONNECT_TIMEOUT_S, max(patience_s, 1)),
        "health_check_interval": 30,
        "client_name": f"dropline-{name}" if name else "dropline",
        # Announced by Redis Enterprise alone; listening for them switches off the pool's check for stale connections.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "retry": Patience(patience_s, from_the_start=reply_within_s is not None),
        "max_connections": max_connections,
        "timeout": patience_s if reply_within_s else max(patience_s, REPLY_TIMEOUT_S),
    }
    if url.startswith("rediss://") and not tls_verify:
        # Hosted servers sign their own certificates; the line is encrypted all the same (see REDIS_TLS_VERIFY).
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **options))


class Patience(Retry):
    """Tries again until a clock says stop, counted from the first failure, so that a long blocking pop uses nothing up;
    or `from_the_start`, where somebody waits.

    redis-py counts tries instead, and nests them: a command's around a connection's. Where connecting takes its full
    timeout, 60 tries are 3,600 then and last for hours. Here the inner one leaves the waiting to the outer one: every
    connection has a copy of its own, which knows when it is inside itself.
    """

    def __init__(self, patience_s: float, *, from_the_start: bool = False) -> None:
        super().__init__(EqualJitterBackoff(base=0.1, cap=LONGEST_WAIT_S), retries=-1)
        self.patience_s = patience_s
        self.from_the_start = from_the_start
        self._is_trying = False

    def call_with_retry(
        self,
        do: Callable[[], Result],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Result:
        """The result of `do`, or its last error. `fail` hears of every error, as redis-py wants it."""
        patience_s = 0 if self._is_trying else self.patience_s
        failures, gives_up_at = 0, time.monotonic() + patience_s if self.from_the_start else float("inf")
        while True:
            try:
                return self._try(do)
            except self._supported_errors as error:
                if _is_hopeless(error) or (is_retryable and not is_retryable(error)):
                    raise
                failures += 1
                fail(*(error, failures) if with_failure_count else (error,))
                now = time.monotonic()
                gives_up_at = min(gives_up_at, now + patience_s)
                if now >= gives_up_at:
                    raise
                time.sleep(min(self._backoff.compute(min(failures, 10)), gives_up_at - now))

    def _try(self, do: Callable[[], Result]) -> Result:
        was_trying, self._is_trying = self._is_trying, True
        try:
            return do()
        finally:
            self._is_trying = was_trying


def check_redis(connection: Redis, url: str) -> None:
    """Ping the server; raises `RedisUnreachable`, which shows no credentials, where that fails."""
    try:
        connection.ping()
    except trouble.RedisError as error:
        message = f"REDIS_URL is {mask_text(url)}: {_advice(error)} ({mask_text(str(error))})"
        raise RedisUnreachable(message) from error


def _is_hopeless(error: Exception) -> bool:
    """Whether waiting cannot mend it, although redis-py counts it among the connection's errors."""
    return isinstance(error, trouble.AuthenticationError | trouble.AuthorizationError) or "CERTIFICATE" in str(error)


def _advice(error: trouble.RedisError) -> str:
    if isinstance(error, trouble.AuthenticationError | trouble.AuthorizationError | trouble.NoPermissionError):
        return "the server refuses the user or the password; check what stands before the @"
    if "CERTIFICATE" in str(error):
        return "nobody known vouches for the server's certificate; unset REDIS_TLS_VERIFY, or add ?ssl_ca_certs=<file>"
    if isinstance(error, trouble.ResponseError):
        return "the server answers, and refuses what REDIS_URL asks for; check what stands behind the port"
    if not isinstance(error, trouble.ConnectionError | trouble.TimeoutError):
        return "something answers there, but not as a Redis server does"
    return "no Redis server answers there; start one, or correct REDIS_URL (rediss:// is for a port that speaks TLS)"
