"""The simulator as a process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_goes_quietly(tmp_path: Path, sign: signal.Signals) -> None:
    ready = tmp_path / "url"
    command = [sys.executable, "-m", "jobs.gateway.simulator", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        base_url = process.stdout.readline().strip()
        assert ready.read_text() == base_url
        form = {"c_uid": "demo", "c_password": "demo", "remain_message": "1"}
        assert "remaining messages=" in requests.post(f"{base_url}vmb.php", data=form, timeout=5).text
        process.send_signal(sign)
        began_s = time.monotonic()
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - began_s < 5
        assert process.stderr.read() == ""
