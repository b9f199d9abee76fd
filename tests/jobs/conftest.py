"""What tests of connections share: TLS."""

import ssl
from pathlib import Path

import pytest

from tests.certificates import self_signed


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and cdn.example, and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost", "cdn.example")


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """For a server that has that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def client_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """For a client that trusts that certificate."""
    return ssl.create_default_context(cafile=certificate[0])
