"""The service's side of authorization, and a throw-away key for the other side."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from voxframe.emulator._catalogue import ACCOUNT
from voxframe.emulator._query import RefusedError

MAX_LIFETIME: Final = 3600
FUTURE_TOLERANCE: Final = 60
# A key file has 2 kB.
_LARGEST_KEY_FILE: Final = 1 << 14
KEY_ID: Final = "0f5c9d4a-6a43-4a0e-9d5f-2d3a53f0b6aa"


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    # Takes a good part of a second: once a process is enough for a throw-away key.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache(maxsize=1)
def _pem() -> str:
    return (
        _key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def credentials() -> dict[str, Any]:
    """Return a service account as ``credentials.json`` holds it."""
    return {
        "account_email": "emulator@example.com",
        "account_id": ACCOUNT,
        "key_id": KEY_ID,
        "private_key": _pem(),
    }


def write_credentials(path: Path | str) -> Path:
    """Write `credentials` to a file that only its owner can read.

    Raises
    ------
    FileExistsError
        There is a file that no emulator wrote: it may be somebody's only key.
    """
    path = Path(path)
    if _is_own(path):
        path.unlink()  # its mode would stay
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(orjson.dumps(credentials(), option=orjson.OPT_INDENT_2))
    return path


def _is_own(path: Path) -> bool:
    """Return whether a file holds an emulator's key, and nothing else."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_KEY_FILE:
        return False
    try:
        written = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return False
    own = credentials()
    return (
        isinstance(written, dict)
        and set(written) == set(own)
        and all(written[name] == own[name] for name in own if name != "private_key")
    )


def _claims(token: str) -> Mapping[str, Any]:
    # Times are judged below, by the emulator's own clock and not by PyJWT's.
    unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    options: Any = {"require": ["iss", "iat", "exp"], **unchecked}
    try:
        if jwt.get_unverified_header(token).get("kid") != KEY_ID:
            raise RefusedError(100, "Authorization failed: unknown key id.")
        claims = jwt.decode(token, _key().public_key(), algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        raise RefusedError(100, "Authorization failed.") from None
    return claims


def verify(header: str, now: float, lifetime: float = MAX_LIFETIME) -> None:
    """Check an ``Authorization`` header.

    Parameters
    ----------
    header : str
        The header's text, ``""`` if there is none.
    now : float
        The service's clock, seconds since 1970.
    lifetime : float
        Seconds after ``iat`` at which a token ends whatever its ``exp``.

    Raises
    ------
    RefusedError
        100 for anything wrong with the token, 456 if it is only too old.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(100, "Authorization failed: no token.")
    claims = _claims(token)
    issued, ends = claims["iat"], claims["exp"]
    if claims["iss"] != str(ACCOUNT):
        raise RefusedError(100, "Authorization failed: unknown account.")
    if not isinstance(issued, int | float) or not isinstance(ends, int | float):
        raise RefusedError(100, "Authorization failed: iat and exp must be numbers.")
    if issued > now + FUTURE_TOLERANCE:
        raise RefusedError(100, "Authorization failed: token is from the future.")
    if ends > issued + MAX_LIFETIME:
        raise RefusedError(100, "Authorization failed: token lives longer than an hour.")
    if now >= min(ends, issued + lifetime):
        raise RefusedError(456, "Token has expired.")
