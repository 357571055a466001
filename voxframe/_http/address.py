"""Where the service is: which addresses a token may go to."""

import ipaddress
import os
import re

from voxframe._http.library import httpx
from voxframe.errors import InvalidQueryError

_EXAMPLE = "https://api.voximplant.com"
_VARIABLE = "VOXIMPLANT_BASE_URL"
_LARGEST_PORT = 65_535
# What can be shown of an address that is not one: a name, never what may be a key or a password.
_NAME = re.compile(r"[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40}){1,5}(:\d{1,5})?", re.IGNORECASE)
_OWN_PATH = "/platform_api"


def service_address(base_url: str | None) -> str:
    """Return the address that was given, else the environment's, else Voximplant's own, checked."""
    return check_base_url(base_url or os.environ.get(_VARIABLE) or _EXAMPLE)


def check_base_url(base_url: str) -> str:
    """Refuse an address to which a token must not go.

    Returns
    -------
    str
        The same without a slash or ``/platform_api`` at its end.

    Raises
    ------
    InvalidQueryError
        It is not https, and not http to this machine.
    """
    if not isinstance(base_url, str):
        raise InvalidQueryError(
            f"base_url: needs a text like {_EXAMPLE}, not {type(base_url).__name__}"
        )
    try:
        # The same reading of an address as that of the request: no room between two of them.
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        raise InvalidQueryError(f"base_url: is not an address like {_EXAMPLE}") from None
    if url.scheme not in ("https", "http") or not url.host or (url.port or 1) > _LARGEST_PORT:
        if _NAME.fullmatch(base_url.strip()):
            raise InvalidQueryError(
                f"base_url: {base_url.strip()} has no https:// in front; needs an address like "
                f"{_EXAMPLE}"
            )
        raise InvalidQueryError(f"base_url: is not an address like {_EXAMPLE}")
    shown = f"{url.scheme}://{url.host}"
    if url.userinfo or url.query or url.fragment:
        raise InvalidQueryError(
            f"base_url: {shown} must have no user, query or fragment; needs an address like "
            f"{_EXAMPLE}"
        )
    if url.scheme == "http" and not is_loopback(url.host):
        raise InvalidQueryError(
            f"base_url: {shown} would send the token in the clear; use https (plain http goes to "
            "this machine only)",
        )
    return str(url).rstrip("/").removesuffix(_OWN_PATH).rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_and_port(url: httpx.URL) -> str:
    """Return what is connected to, without a user or a password."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or {'http': 80, 'https': 443}.get(url.scheme, 1080)}"
