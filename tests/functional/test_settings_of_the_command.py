"""Settings that break their rules: the running command says which, in a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CARECORD_PORT", "abc"), ("CARECORD_LOG_LEVEL", "loud"), ("CARECORD_WORKERS", "0")],
)
def test_a_wrong_setting_is_named_without_a_traceback(tmp_path: Path, variable: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "carecord", "serve"],
        env=os.environ | {"CARECORD_DATA": str(tmp_path), variable: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"{variable}: ")
    assert len(done.stderr.splitlines()) == 1
