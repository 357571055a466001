"""What the faults of an object store mean, in plain words; and the paths that it cannot have."""

import os
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from voxframe.errors import ExportError, InvalidQueryError

# What the store's library takes for a part of a URL, or refuses: seen with deltalake 1.6.
_NO_PATH = re.compile(r"%[0-9A-Fa-f]{2}|[#?\[\]|^\\\x00-\x1f\x7f]")
_STYLE = re.compile(r"\x1b\[\d*m|↳")
_URL = re.compile(r"(?:https?)://[^\s\"']+")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
# Where a machine of a cloud would find its keys.
_METADATA = ("169.254.169.254", "metadata.google.internal", "token request", "/latest/api/token")
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "s3a": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
}
_OTHER_KEYS = "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"


def check_place(text: str, shown: str) -> None:
    """Refuse a path or a URL that a Delta table cannot have.

    Raises
    ------
    ExportError
        It holds what the library would take for something else.
    """
    if found := _NO_PATH.search(text.replace(os.sep, "/")):
        raise ExportError(
            f"{shown}: Delta tables cannot lie at a path with {found[0]!r} in it; name another "
            "one, without any of # ? [ ] | ^ \\ or % and two digits"
        )


def unknown_store(url: str, words: str) -> InvalidQueryError | None:
    """Return what is said of a URL that names no store, if the words are of that."""
    if "Unknown scheme" in words:
        scheme = url.partition("://")[0]
        return InvalidQueryError(
            f"path: {scheme}:// is not an object store for Delta tables; s3://, gs://, az:// and "
            "abfss:// are, or name a folder of this machine"
        )
    if "Could not parse" in words or "Unable to recognise" in words:
        return InvalidQueryError(
            f"path: {url} is not the URL of a bucket; write it like s3://bucket/folder"
        )
    return None


def fault(url: str, text: str, secrets: Collection[str]) -> str:
    """Return what a store said and what is to be done, without a secret.

    Parameters
    ----------
    url : str
        What the tables lie at.
    text : str
        What was raised, all lines of it.
    secrets : collection of str
        What must not be repeated.
    """
    lines = [line.strip() for line in _STYLE.sub("", text).splitlines() if line.strip()]
    address = _address(text)
    said = _said(lines)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, "…")
    scheme = url.partition("://")[0].lower()
    return f"{said}; {cure}" if (cure := _cure(text, scheme, address)) else said


def _said(lines: list[str]) -> str:
    whole = " ".join(lines)
    if found := _MESSAGE.search(whole):
        code = _CODE.search(whole)
        return found[1].strip().rstrip(".") + (f" ({code[1].strip()})" if code else "")
    # The last words are the reason, those before it what was tried.
    words = [_URL.sub("…", line) for line in lines if "Error performing" not in line]
    return ": ".join(words[-2:] if len(words) > 1 else words or ["no reason is given"])


def _address(text: str) -> str:
    found = _URL.search(text)
    parts = urlsplit(found[0]) if found else None
    return (
        f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        if (parts is not None and parts.hostname)
        else "it"
    )


def _cure(text: str, scheme: str, address: str) -> str:
    keys = _KEYS.get(scheme, _OTHER_KEYS)
    for words, cure in (
        (
            ("URL scheme is not allowed",),
            f"plain http to {address} has to be allowed: set AWS_ALLOW_HTTP=true, or use https",
        ),
        (
            ("NoSuchBucket", "ContainerNotFound", "bucket does not exist"),
            "make the bucket, or check its name, AWS_REGION and AWS_ENDPOINT_URL",
        ),
        (_METADATA, f"no keys for the store were found: set {keys}, or pass storage_options"),
        (("Account must be specified",), f"set {keys}, or pass storage_options"),
        (
            (
                "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "403 Forbidden",
                "401 Unauthorized", "AuthenticationFailed", "ExpiredToken",
            ),
            f"check {keys}, and what they allow",
        ),
        (("dns error",), f"{address} is not known: check AWS_ENDPOINT_URL"),
        (
            ("(Connect)", "timed out", "error sending request"),
            f"{address} does not answer: check AWS_ENDPOINT_URL, or try again later",
        ),
    ):  # fmt: skip
        if any(word in text for word in words):
            return cure
    return ""
