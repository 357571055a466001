"""A signed client of the emulator that is not voxframe's."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from voxframe.emulator import Emulator, World

MONTH = {"from_date": "2026-10-01 00:00:00", "to_date": "2026-11-01 00:00:00"}
FULL = {"with_calls": "true", "with_records": "true", "count": "1000"}


def sign(emulator: Emulator, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = emulator.credentials
    now = int(time.time())
    payload = {"iss": str(key["account_id"]), "iat": now - 5, "exp": now + 3000} | claims
    kid = {"kid": key["key_id"]} if header is None else header
    return jwt.encode(payload, _loaded(key["private_key"]), "RS256", headers=kid)


@cache
def _loaded(pem: str) -> Any:
    return load_pem_private_key(pem.encode(), None)


class Caller:
    """Asks one emulator for one page at a time."""

    def __init__(self, emulator: Emulator, http: httpx.Client) -> None:
        self.emulator = emulator
        self.http = http
        self.token = sign(emulator)

    def post(self, token: str | None = None, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        asked = {k: str(v) for k, v in (MONTH | params).items() if v is not None}
        return self.http.post("/platform_api/GetCallHistory", data=asked, headers=headers)

    def page(self, **params: Any) -> dict[str, Any]:
        answer = self.post(**params).json()
        assert "error" not in answer, answer
        return answer

    def error(self, **params: Any) -> tuple[int, str]:
        response = self.post(**params)
        assert response.status_code == 200
        error = response.json()["error"]
        return error["code"], error["msg"]

    def ids(self, **params: Any) -> list[int]:
        return [s["call_session_history_id"] for s in self.page(**params)["result"]]


@contextmanager
def running(world: World, *, timeout: float = 10.0, **options: Any) -> Iterator[Caller]:
    with (
        Emulator(world, **options) as emulator,
        # Plain http has no use for the machine's certificates, which are slow to load.
        httpx.Client(base_url=emulator.base_url, timeout=timeout, verify=False) as http,
    ):
        yield Caller(emulator, http)


Runner = Callable[..., AbstractContextManager[Caller]]
