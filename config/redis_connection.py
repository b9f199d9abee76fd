from redis import BlockingConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry


def connect(
    url: str, *, patience_s: float = 60, max_connections: int = 4, name: str = "", tls_verify: bool = False
) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        retry=Retry(ExponentialWithJitterBackoff(base=0.1, cap=3), int(patience_s)),
        health_check_interval=30,
        socket_timeout=5,
    )
    return Redis(connection_pool=pool)
