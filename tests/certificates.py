"""Certificates that sign themselves, made on the spot by the program openssl."""

import shutil
import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path, *hosts: str) -> tuple[Path, Path]:
    """A certificate for these hosts, and its key; where openssl is missing the test fails and says so."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.fail("the program openssl is missing, which makes the certificate for this test: install it")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ",".join(f"DNS:{host}" for host in hosts)
    whose = ["-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}"]
    subprocess.run([openssl, *what, *whose, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key
