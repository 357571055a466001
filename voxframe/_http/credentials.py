"""A service account's key."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from voxframe.errors import CredentialsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

VARIABLE = "VOXIMPLANT_CREDENTIALS"
"""Environment variable with the path of the key file."""

_LARGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """A service account's key, as ``credentials.json`` holds it.

    Attributes
    ----------
    account_id : int
        The account whose history is read.
    key_id : str
        Which of its keys this is.
    account_email : str, optional
        As in the file; not used.

    Notes
    -----
    The key itself is in no ``repr`` and cannot be pickled.
    """

    account_id: int
    key_id: str
    account_email: str | None = None
    _key: "RSAPrivateKey | None" = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> NoReturn:
        """Refuse to leave the process."""
        raise TypeError(
            "Credentials cannot be pickled, so that no key ends up in a file or a queue; "
            "load them where they are used",
        )

    @classmethod
    def load(cls, source: "CredentialsLike" = None) -> "Credentials":
        """Read a service account's key.

        Parameters
        ----------
        source : path, dict, Credentials or None
            A ``credentials.json``, its contents, or None for the path in the
            environment variable ``VOXIMPLANT_CREDENTIALS``.

        Returns
        -------
        Credentials
            Checked, and ready to sign with.

        Raises
        ------
        CredentialsError
            Nothing there, not readable, or a field missing or malformed.
        """
        if isinstance(source, Credentials):
            return source
        if isinstance(source, Mapping):
            return _from_mapping("credentials", source)
        if source is None:
            source = os.environ.get(VARIABLE)
            if not source:
                raise CredentialsError(
                    f"no credentials: pass the path of the key file, or set {VARIABLE} to it",
                )
        if not isinstance(source, str | os.PathLike):
            raise CredentialsError(
                f"credentials: a {type(source).__name__} is none; give a path, a dict or "
                "Credentials",
            )
        return _from_file(Path(os.fspath(source)))


CredentialsLike: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Credentials | None


def _from_file(path: Path) -> Credentials:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise CredentialsError(f"{path}: is too large to be a key file")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CredentialsError(
            f"{path}: no such file; the key file is made in Voximplant's control panel, under "
            "service accounts",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise CredentialsError(f"{path}: cannot be read: {reason}") from None
    try:
        contents = json.loads(text)
    except ValueError:
        # Not raised from here: the parser's own error holds the whole file.
        contents = None
    if not isinstance(contents, dict):
        raise CredentialsError(f"{path}: is no JSON object")
    return _from_mapping(str(path), contents)


def _from_mapping(where: str, contents: Mapping[str, Any]) -> Credentials:
    for name in ("account_id", "key_id", "private_key"):
        if contents.get(name) in (None, ""):
            raise CredentialsError(f"{where}: the field {name} is missing")
    account_id = contents["account_id"]
    if isinstance(account_id, str) and account_id.isascii() and account_id.isdigit():
        account_id = int(account_id)
    if not isinstance(account_id, int) or isinstance(account_id, bool):
        raise CredentialsError(f"{where}: the field account_id is no integer")
    key_id, pem = contents["key_id"], contents["private_key"]
    if not isinstance(key_id, str):
        raise CredentialsError(f"{where}: the field key_id is no text")
    if not isinstance(pem, str):
        raise CredentialsError(f"{where}: the field private_key is no text")
    email = contents.get("account_email")
    key = _private_key(where, pem)
    return Credentials(account_id, key_id, email if isinstance(email, str) else None, key)


def _private_key(where: str, pem: str) -> "RSAPrivateKey":
    # As slow to import as all of this package.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, UnicodeEncodeError):
        raise CredentialsError(
            f"{where}: the field private_key is no PEM private key without a password",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsError(f"{where}: the field private_key is no RSA key")
    return key
