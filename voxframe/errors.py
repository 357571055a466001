"""Every error that voxframe raises.

::

    VoxframeError
    ├── CredentialsError           the key file: missing, unreadable, malformed
    ├── InvalidQueryError          refused before any request (also a ValueError)
    ├── ApiError                   the service said no (.code, .msg)
    │   ├── AuthenticationError    100, or 456 once more after a fresh token
    │   ├── PermissionDeniedError  104, the service account lacks the role
    │   └── RateLimitError         340, 515 or HTTP 429 after all retries
    ├── TransportError             the network, or an answer that cannot be used, after all retries
    ├── DecodeError                a page that cannot be read without losing something
    ├── IncompleteHistoryError     the service cannot be made to give every session
    ├── ExportError                a folder that cannot be written as an export
    └── MissingExtraError          a package is not installed (also a ModuleNotFoundError)

No message, and no ``repr``, ever holds a private key, a token or a phone number.
"""

from voxframe._text import printable

__all__ = [
    "ApiError",
    "AuthenticationError",
    "CredentialsError",
    "DecodeError",
    "ExportError",
    "IncompleteHistoryError",
    "InvalidQueryError",
    "MissingExtraError",
    "PermissionDeniedError",
    "RateLimitError",
    "TransportError",
    "VoxframeError",
]


class VoxframeError(Exception):
    """Base of every error that voxframe raises; its message is one printable line."""

    def __init__(self, message: str = "") -> None:
        # A message may quote names and words of the service, or of a file.
        super().__init__(printable(message))


class CredentialsError(VoxframeError):
    """A service account's key cannot be used; the message names the file and the field."""


class InvalidQueryError(VoxframeError, ValueError):
    """A query was refused before any request; the message names the parameter."""


class ApiError(VoxframeError):
    """The service answered with an error.

    Attributes
    ----------
    code : int
        The service's own error code, or the HTTP status where it gave none.
    msg : str
        The service's own words, with anything that looks like a phone number
        or a token taken out.
    """

    def __init__(self, message: str, *, code: int = 0, msg: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.msg = msg


class AuthenticationError(ApiError):
    """The service does not accept the key or the token (100; 456 after one renewal)."""


class PermissionDeniedError(ApiError):
    """The service account lacks the role for call history (104)."""


class RateLimitError(ApiError):
    """The service kept throttling until every retry was spent (340, 515, HTTP 429)."""


class TransportError(VoxframeError):
    """The network failed, or the answer could not be used, until every retry was spent."""


class DecodeError(VoxframeError):
    """A page holds a value that no column can hold; the message names field and session."""


class IncompleteHistoryError(VoxframeError):
    """The service cannot be made to give every session; the message names window and count."""


class ExportError(VoxframeError):
    """A folder cannot be written or read as Parquet; what was whole in it before is so still."""


class MissingExtraError(VoxframeError, ModuleNotFoundError):
    """A package that an extra brings is not installed; the message says how to install it."""

    def __init__(self, message: str = "", *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name
