"""Tokens signed with a service account's key."""

import threading
from collections.abc import Callable

from voxframe._forks import renew_after_fork
from voxframe._http.credentials import Credentials
from voxframe.errors import CredentialsError

# A token may live 3600 s; half of that leaves room for any clock. It is replaced a minute early,
# and issued a few seconds in the past, as the vendor's own client does.
_LIFETIME = 1800
_RENEW_BEFORE = 60
_BACKDATE = 5


class TokenSource:
    """One bearer token, shared by all workers and renewed when it must be.

    Parameters
    ----------
    credentials : Credentials
        What to sign with.
    clock : callable
        Seconds since 1970, as this machine believes.

    Attributes
    ----------
    skew : float
        Seconds that the service's clock is ahead of this machine's, as learned.
    """

    def __init__(self, credentials: Credentials, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires = 0.0
        self.skew = 0.0
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Free the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return a token that is good for another minute at least."""
        with self._lock:
            now = self._clock() + self.skew
            if self._token is None or not now < self._expires - _RENEW_BEFORE:
                self._token, self._expires = self._sign(now), now + _LIFETIME
            return self._token

    def renew(self, refused: str) -> None:
        """Drop a token that was refused, unless another worker already did."""
        with self._lock:
            if self._token == refused:
                self._token = None

    def learn_skew(self, skew: float) -> None:
        """Take over the service's clock; tokens signed by the old one are dropped."""
        with self._lock:
            self.skew = skew
            self._token = None

    def _sign(self, now: float) -> str:
        import jwt  # noqa: PLC0415 - slow to import

        issued = int(now) - _BACKDATE
        claims = {
            # As a string: https://voximplant.com/docs/guides/managementapi/authorization
            "iss": str(self._credentials.account_id),
            "iat": issued,
            "exp": issued + _LIFETIME,
        }
        key = self._credentials._key  # noqa: SLF001 - the one place that may
        if key is None:
            raise CredentialsError("these credentials hold no key; make them with Credentials.load")
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self._credentials.key_id})
