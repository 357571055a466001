"""What the environment says of the way to the service: proxies and trusted certificates."""

import importlib.util
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxframe._http.address import host_and_port, is_loopback
from voxframe._http.library import httpx
from voxframe.errors import TransportError

# httpx reads the first two, the vendor's own client (by way of requests) the others.
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_LONGEST_PATH = 300
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that the environment names.

    Attributes
    ----------
    url : httpx.URL
        May hold a password; not for a message.
    variable : str
        Where it comes from.
    """

    url: httpx.URL = field(repr=False)
    variable: str

    @property
    def address(self) -> str:
        """Host and port."""
        return host_and_port(self.url)


def find_proxy(url: httpx.URL, settings: Mapping[str, str] | None = None) -> Proxy | None:
    """Return the proxy that is meant for an address.

    Parameters
    ----------
    url : httpx.URL
        Where the service is. A proxy has no business between a program and its own machine.
    settings : Mapping of str, optional
        As `urllib.request.getproxies` gives them, which knows those of the system too.

    Raises
    ------
    TransportError
        It cannot be used; names the variable, never its value.
    """
    settings = urllib.request.getproxies() if settings is None else settings
    kind = next((name for name in (url.scheme, "all") if settings.get(name)), None)
    if kind is None or is_loopback(url.host) or _is_exempt(url, settings.get("no", "")):
        return None
    variable, text = f"{kind.upper()}_PROXY", settings[kind].strip()
    try:
        proxy = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL:
        proxy = httpx.URL()
    if not proxy.host:
        raise TransportError(
            f"{variable}: is not the address of a proxy, like http://proxy.example:3128; correct "
            "or unset it"
        )
    if proxy.scheme not in ("http", "https", "socks5", "socks5h"):
        raise TransportError(
            f"{variable}: names a kind of proxy that is not supported; needs http://, https:// or "
            "socks5:// in front, or the host in NO_PROXY"
        )
    if proxy.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise TransportError(
            f"{variable}: names a socks proxy, which needs a package that is missing; "
            "pip install socksio, or unset it"
        )
    return Proxy(proxy, variable)


def _is_exempt(url: httpx.URL, no_proxy: str) -> bool:
    """Return whether NO_PROXY names a host: names, addresses, networks, ports, a star."""
    host, port = url.host.lower(), url.port or 443
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for entry in no_proxy.lower().replace(",", " ").split():
        name = entry.rpartition("://")[2]
        if (parts := _WITH_PORT.fullmatch(name)) is not None:
            name, wanted = parts.groups()
            if int(wanted) != port:
                continue
        try:
            network = ipaddress.ip_network(name.strip("[]"), strict=False)
        except ValueError:
            bare = name.lstrip("*.")
            if name == "*" or (bare and (host == bare or host.endswith(f".{bare}"))):
                return True
        else:
            if address is not None and address in network:
                return True
    return False


def trusted_certificates(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return whom to trust: as a variable says, else whom browsers trust.

    Raises
    ------
    TransportError
        A variable names something that cannot be read.
    """
    name = next((name for name in _CERTIFICATES if environ.get(name)), None)
    if name is None:
        return httpx.create_ssl_context(trust_env=False)
    path = environ[name]
    shown = path if len(path) <= _LONGEST_PATH and path.isprintable() else "what it holds"
    try:
        is_folder = Path(path).is_dir()
        if is_folder and name != "SSL_CERT_FILE":
            return ssl.create_default_context(capath=path)
        if name == "SSL_CERT_DIR":
            raise TransportError(f"SSL_CERT_DIR: {shown} is not a folder; correct or unset it")
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        why = "holds no certificate in PEM form"
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    raise TransportError(f"{name}: {shown} {why}; correct or unset it")
