"""A service account's key."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from voxframe.errors import CredentialsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

VARIABLE = "VOXIMPLANT_CREDENTIALS"
"""Environment variable with the path of the key file, or its JSON text."""

_CURE = "save the key file anew in Voximplant's control panel, under service accounts"
_LARGEST_FILE = 1 << 20
_PEM_BEGINS = "-----BEGIN"
# Blanks, a byte order mark, and the quotes that an env file leaves.
_AROUND = " \t\r\n\ufeff'\""
# Longer than what a file system takes as one name; a line of base64; the shortest hex key.
_LONGEST_SHOWN = 255
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+=]{32,}|eyJ[\w-]+\.")
_SHORTEST_KEY = 16


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

    Examples
    --------
    >>> key = voxframe.Credentials.load("credentials.json")
    >>> key.account_id
    4203771
    >>> "BEGIN" in repr(key)
    False
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
        source : path, str, dict, Credentials or None
            The path of a ``credentials.json`` (``~`` is the home folder), its
            JSON text, its contents, or None for a path or a text in the
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
        where = "credentials"
        if source is None:
            where, source = VARIABLE, os.environ.get(VARIABLE, "").strip()
            if not source:
                raise CredentialsError(
                    f"there are no credentials: pass the path of the key file, or set {VARIABLE} "
                    "to it",
                )
        if not isinstance(source, str | os.PathLike):
            raise CredentialsError(
                f"credentials: a {type(source).__name__} cannot be used; give a path, the key "
                "file's text, a dict or Credentials",
            )
        text = os.fsdecode(source)
        if _is_text(text) or not text.strip():
            return _from_text(where, text)
        return _from_file(where, text)


CredentialsLike: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Credentials | None


def key_path(source: object) -> tuple[str, int | None]:
    """Return the path of a key file, which may go where no key may; if it is here, whose it is.

    Raises
    ------
    CredentialsError
        It is a key, or may be one; or the file is here and cannot be used.
    """
    given = os.fsdecode(source) if isinstance(source, str | os.PathLike) else ""
    here = os.path.isfile(os.path.expanduser(given))  # noqa: PTH111, PTH113 - never raise
    if not given or _is_text(given) or (not here and _may_be_secret(given)):
        raise CredentialsError(
            "credentials: needs the path of a key file, since no key is taken along; or leave it "
            f"out, and the key is that which {VARIABLE} names where the data is read",
        )
    return given, Credentials.load(given).account_id if here else None


def _is_text(given: str) -> bool:
    """Return whether it is what a key file holds, or should, and not its path."""
    return given.lstrip(_AROUND).startswith(("{", "[")) or _PEM_BEGINS in given or "\n" in given


def _from_file(where: str, given: str) -> Credentials:
    content, reason = b"", ""
    named = f"{VARIABLE}: {given}" if where == VARIABLE else given
    try:
        with Path(os.path.expanduser(given)).open("rb") as file:  # noqa: PTH111 - never raises
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        reason = (
            f"no such file{_from_here(given)}; the key file is made in Voximplant's control panel, "
            "under service accounts"
        )
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else None
        reason = f"cannot be read: {words or 'it is not a path'}"
    # Not raised from there: the system's own error holds what was given.
    if reason and _may_be_secret(given):
        raise CredentialsError(
            f"{where}: what was given is not the path of a file, and not the text of a key file "
            "(it is not shown, since it may be a key)",
        )
    if reason:
        raise CredentialsError(f"{named}: {reason}")
    if len(content) > _LARGEST_FILE:
        raise CredentialsError(f"{named}: is too large to be a key file; {_CURE}")
    try:
        # PowerShell writes UTF-16.
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        text = None
    if text is None:
        # Not raised from here: the decoder's own error holds the whole file.
        raise CredentialsError(f"{named}: is not text in UTF-8; {_CURE}")
    return _from_text(named, text)


def _from_here(given: str) -> str:
    """Return where a path that is not absolute is looked for."""
    try:
        return "" if os.path.isabs(os.path.expanduser(given)) else f" in {Path.cwd()}"  # noqa: PTH111, PTH117 - never raise
    except OSError:
        # The folder that one is in was removed.
        return ""


def _may_be_secret(given: str) -> bool:
    """Return whether a text is too long, or too much like a key, to be shown as a path."""
    parts = re.split(r"[/\\]", given)
    return (
        len(given) > _LONGEST_SHOWN
        or not given.isprintable()
        or "://" in given
        or "@" in given
        or any(_LIKE_A_KEY.search(part) for part in parts)
        # A name without an ending, of letters and digits: an api_key, a UUID.
        or any(
            "." not in part and len(part) >= _SHORTEST_KEY and re.search(r"\d", part)
            for part in parts[-1:]
        )
    )


def _from_text(where: str, text: str) -> Credentials:
    stripped = text.strip(_AROUND)
    contents = _parsed(stripped)
    if isinstance(contents, dict):
        return _from_mapping(where, contents)
    if not stripped:
        what = f"is empty; {_CURE}"
    elif contents is not None:
        what = f"is not a JSON object; {_CURE}"
    elif stripped.startswith(_PEM_BEGINS):
        what = (
            "is a private key alone (PEM); give the whole key file, which holds the key together "
            "with account_id and key_id"
        )
    else:
        what = f"is not the JSON text of a key file, or was cut short; {_CURE}"
    raise CredentialsError(f"{where}: {what}")


def _parsed(text: str) -> Any:
    """Return the JSON value of a text, escaped once more or once less than it should be."""
    for spelled in (text, re.sub(r'\\+"', '"', re.sub(r"\\+n", "\n", text))):
        try:
            return json.loads(spelled, strict=False)
        except (ValueError, RecursionError):
            # Not raised from here: the parser's own error holds the whole text.
            continue
    return None


def _from_mapping(where: str, contents: Mapping[str, Any]) -> Credentials:
    if isinstance(contents.get("result"), Mapping):
        # The whole answer of CreateKey.
        contents = contents["result"]
    needed = [n for n in ("account_id", "key_id", "private_key") if contents.get(n) in (None, "")]
    if needed and contents.get("api_key"):
        raise CredentialsError(
            f"{where}: holds an api_key, which is another kind of access; make a key of a service "
            "account in Voximplant's control panel",
        )
    if needed and contents.get("type") == "service_account":
        raise CredentialsError(
            f"{where}: is the key file of a Google service account, not of a Voximplant one",
        )
    for name in needed:
        raise CredentialsError(f"{where}: the field {name} is missing; {_CURE}")
    account_id = contents["account_id"]
    if isinstance(account_id, str) and re.fullmatch(r"[0-9]{1,18}", account_id):
        account_id = int(account_id)
    if not isinstance(account_id, int) or isinstance(account_id, bool):
        raise CredentialsError(f"{where}: the field account_id is not an integer; {_CURE}")
    key_id, pem = contents["key_id"], contents["private_key"]
    if not isinstance(key_id, str):
        raise CredentialsError(f"{where}: the field key_id is not text; {_CURE}")
    if _PEM_BEGINS in key_id:
        raise CredentialsError(f"{where}: the field key_id holds a key instead of its id; {_CURE}")
    if not isinstance(pem, str):
        raise CredentialsError(f"{where}: the field private_key is not text; {_CURE}")
    email = contents.get("account_email")
    key = _private_key(where, _mended(pem))
    return Credentials(account_id, key_id, email if isinstance(email, str) else None, key)


def _mended(pem: str) -> str:
    """Return a PEM with its line ends, whatever became of them on their way."""
    found = re.search(r"-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----", pem, re.DOTALL)
    if found is None or ":" in found[2]:
        return pem
    body = re.sub(r"\\+[nr]|\s", "", found[2])
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {found[1]}-----\n{lines}\n-----END {found[1]}-----\n"


def _private_key(where: str, pem: str) -> "RSAPrivateKey":
    # As slow to import as all of this package.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, UnicodeEncodeError):
        raise CredentialsError(
            f"{where}: the field private_key is not a PEM private key without a password; {_CURE}",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsError(f"{where}: the field private_key is not an RSA key; {_CURE}")
    return key
