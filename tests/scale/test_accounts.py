"""A year of many accounts: each followed with its own key, and analysed as one.

Forty of them: ``pytest tests/scale/test_accounts.py --full``
"""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import voxframe
from tests.http.test_credentials import pem
from tests.support.examples import blocks_of
from tests.support.raw_service import RawService, raw_address, session
from voxframe import analysis

ROOT = Path(__file__).parents[2]
README = re.findall(
    r"^```python\n(.*?)^```",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
SHOWN = [*blocks_of(voxframe.open_dataset), *(code for code in README if "keys" in code)]


def call(number, start, cost):
    return {
        "call_id": number, "start_time": start, "duration": 60, "cost": cost, "incoming": True,
        "successful": True, "remote_number": "+4930123456", "remote_number_type": "pstn",
    }  # fmt: skip


def year(account):
    """A call a month, from a session of the account's; each account's have a price of their own."""
    for month in range(1, 11):
        number, start = 1000 * account + month, f"2026-{month:02}-07 10:00:00"
        yield session(
            number, start, account_id=account, calls=[call(number, start, account / 1000)]
        )


@pytest.mark.parametrize("code", SHOWN)
def test_a_year_of_many_accounts(code, tmp_path, full):
    pytest.importorskip("joblib")
    numbers = range(101, 141 if full else 107)
    services = {account: RawService([*year(account)]) for account in numbers}
    private = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    (tmp_path / "keys").mkdir()
    for account in numbers:
        key = {"account_id": account, "key_id": f"key-{account}", "private_key": private}
        (tmp_path / "keys" / f"{account}.json").write_text(json.dumps(key))
    # As it is shown, but for the number of processes: the machine has two cores.
    (tmp_path / "script.py").write_text(code.replace("n_jobs=8", "n_jobs=2"))
    with raw_address(services) as address:
        done = subprocess.run(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "VOXIMPLANT_BASE_URL": address, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    accounts = voxframe.open_dataset(sorted((tmp_path / "accounts").iterdir()))
    costs = analysis.cost_breakdown(accounts, by="account_id", freq=None, dtype_backend="pyarrow")
    assert dict(zip(costs["account_id"], costs["calls_cost"], strict=True)) == {
        account: 10 * Decimal(account) / 1000 for account in numbers
    }
    assert accounts.days["sessions"].tolist() == [len(numbers)] * 10
    assert len(accounts.read("2026-03-01", "2026-04-01")) == len(numbers)
    for account in numbers:
        assert str(account) in done.stdout
        assert private[40:80] not in done.stdout
