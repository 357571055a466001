"""What the network's errors are, and what a person can do about them."""

import os
import re
import socket
import ssl
from dataclasses import dataclass

from voxframe._http.environment import Proxy
from voxframe._http.library import httpx
from voxframe.errors import TransportError

# https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_WRONG_NAME = {62, 64}
_NOT_YET_OR_OVER = {9, 10}
_PROXY_WANTS_A_NAME = "407"


class NetworkError(TransportError):
    """The network failed, or an answer did not arrive whole; another try may mend it."""


class UnreachableError(NetworkError):
    """There was no way to the service, and none was known before; few tries are enough."""


class TooLargeError(TransportError):
    """A page of sessions is larger than one answer may be."""


class CancelledError(TransportError):
    """The read was stopped from outside."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the service is reached.

    Attributes
    ----------
    address : str
        Host and port of the service.
    proxy : Proxy or None
        What stands between.
    """

    address: str
    proxy: Proxy | None

    @property
    def door(self) -> str:
        """What is connected to, for a message."""
        if self.proxy is None:
            return self.address
        return f"the proxy {self.proxy.address} ({self.proxy.variable})"

    @property
    def cure(self) -> str:
        """What to check where there is no way."""
        if self.proxy is None:
            return (
                "check base_url and this machine's network, and set HTTPS_PROXY where a proxy "
                "is needed"
            )
        return f"check {self.proxy.variable}, or put the host into NO_PROXY"


def explain(error: Exception, way: Way, *, answered: bool) -> TransportError:
    """Return what an error of the network is, in words.

    Parameters
    ----------
    error : Exception
        Of httpx, or of the system.
    way : Way
        How the service was to be reached.
    answered : bool
        Whether the service has answered anything before.
    """
    if isinstance(
        error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError | UnicodeError
    ):
        kind = NetworkError if answered else UnreachableError
        cause = _cause(error)
        if isinstance(error, httpx.ProxyError):
            return _refused_by_proxy(str(error), way, kind)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TransportError(_distrust(cause, way))
        return kind(_no_connection(error, cause, way))
    if isinstance(error, httpx.TimeoutException):
        return NetworkError("no answer in time")
    # The library's own text may hold an address, never a header or a body; its kind says enough.
    return NetworkError(f"the network failed: {type(error).__name__}")


def _no_connection(error: Exception, cause: BaseException | None, way: Way) -> str:
    match cause:
        case ssl.SSLError():
            why = cause.reason or "the connection ended"
            return (
                f"{way.address} does not speak TLS as https needs it ({why}); check base_url, and "
                "whether a proxy or a firewall stands between"
            )
        case socket.gaierror():
            return f"the name of {way.door} cannot be resolved; {way.cure}"
        case ConnectionRefusedError():
            return f"nobody listens at {way.door}: connection refused; {way.cure}"
        case OSError(errno=int(number)):
            return f"no connection to {way.door}: {os.strerror(number)}; {way.cure}"
    why = "in time" if isinstance(error, httpx.TimeoutException) else f"({type(error).__name__})"
    return f"no connection to {way.door} {why}; {way.cure}"


def _cause(error: BaseException | None) -> BaseException | None:
    """Return the system's error, of which the library made its own."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _distrust(error: ssl.SSLCertVerificationError, way: Way) -> str:
    said = f"the certificate of {way.address} cannot be trusted"
    if error.verify_code in _WRONG_NAME:
        return f"{said}: it is for another name; nothing was sent. Check base_url"
    cure = (
        "Check this machine's clock"
        if error.verify_code in _NOT_YET_OR_OVER
        else "Where a proxy or an own authority signs, set SSL_CERT_FILE to the file with its "
        "certificate; else check base_url"
    )
    return f"{said} ({error.verify_message}); nothing was sent. {cure}"


def _refused_by_proxy(said: str, way: Way, kind: type[TransportError]) -> TransportError:
    # No more than a number of what the proxy says: its words are its own.
    status = re.match(r"\d{3}\b", said)
    name = way.proxy.variable if way.proxy is not None else "HTTPS_PROXY"
    if status is None:
        return kind(f"{way.door} gives no connection to {way.address}; {way.cure}")
    if status[0] == _PROXY_WANTS_A_NAME:
        return TransportError(
            f"{way.door} asks for a name and a password (407); write them into {name} as "
            "http://name:password@host:port"
        )
    return kind(f"{way.door} gives no connection to {way.address} ({status[0]}); {way.cure}")
