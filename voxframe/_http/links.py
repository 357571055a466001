"""Links of the service's answers: which are followed, and to which a token may go."""

import re

from voxframe._http.address import is_loopback
from voxframe._http.library import httpx

_SERVICE = "voximplant.com"
# Parts of a query that say how long a link is good, and for whom, and not to what it leads.
_PASSING = re.compile(
    r"expires?|expiration|signature|sig|token|policy|key-pair-id|x-(amz|goog)-.*", re.IGNORECASE
)


class RefusedLinkError(Exception):
    """A link leads where nothing is fetched from."""


def checked_link(link: str, base: httpx.URL) -> httpx.URL:
    """Return the address behind a link.

    Parameters
    ----------
    link : str
        From an answer, or of a redirect; as a person's scenario may have made it up.
    base : httpx.URL
        Where the service is. Only one on this machine has files on this machine.

    Raises
    ------
    RefusedLinkError
        It is not https, and not http to this machine.
    """
    try:
        url = httpx.URL(link.strip())
    except (httpx.InvalidURL, UnicodeError):
        raise RefusedLinkError from None
    if url.scheme == "http" and _is_the_services(url.host) and url.port is None:
        # Answers of years ago are full of them; the same hosts have spoken https ever since.
        url = url.copy_with(scheme="https")
    here = is_loopback(url.host)
    if (
        url.scheme not in ("http", "https")
        or not url.host
        or url.userinfo
        or (url.scheme == "http" and not here)
        or (here and not is_loopback(base.host))
    ):
        raise RefusedLinkError
    return url.copy_with(fragment=None)


def origin(url: httpx.URL) -> str:
    """Return scheme, host and port of an address."""
    host = f"[{url.host}]" if ":" in url.host else url.raw_host.decode("ascii")
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port is not None else "")


def may_have_the_token(url: httpx.URL, base: httpx.URL) -> bool:
    """Return whether an address is the service's own, by its host and not by what links to it."""
    own = url.scheme == "https" and url.port is None and _is_the_services(url.host)
    return own or origin(url) == origin(base)


def same_file(link: str) -> str:
    """Return a link without what changes from one answer to the next."""
    try:
        url = httpx.URL(link.strip())
    except (httpx.InvalidURL, UnicodeError):
        return link
    kept = [(name, value) for name, value in url.params.multi_items()
            if not _PASSING.fullmatch(name)]  # fmt: skip
    return str(url.copy_with(scheme="https", params=kept or None, fragment=None))


def _is_the_services(host: str) -> bool:
    name = host.lower()
    return name == _SERVICE or name.endswith(f".{_SERVICE}")
