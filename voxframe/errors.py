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
    │   └── DamageError            a damaged day that the service does not give again (.report)
    └── MissingExtraError          a package is not installed (also a ModuleNotFoundError)

No message, and no ``repr``, ever holds a private key, a token or a phone number.
"""

from typing import Any

from voxframe._text import printable

__all__ = [
    "ApiError",
    "AuthenticationError",
    "CredentialsError",
    "DamageError",
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
    """Base of every error that voxframe raises; its message is one printable line.

    Catch this one where a program has to go on after any of them.

    Examples
    --------
    >>> try:
    ...     voxframe.read_call_history("2026-11-01", "2026-10-01")
    ... except errors.VoxframeError as error:
    ...     print(error)
    to_date: 2026-10-01 00:00:00 UTC is before from_date, 2026-11-01 00:00:00 UTC; swap them
    """

    def __init__(self, message: str = "") -> None:
        # A message may quote names and words of the service, or of a file.
        super().__init__(printable(message))


class CredentialsError(VoxframeError):
    """A service account's key cannot be used; the message names the file and the field.

    What to do: save a key file in Voximplant's control panel, under *Service accounts*, and
    give its path as `credentials` or in ``VOXIMPLANT_CREDENTIALS``. Either takes the file's
    text as well.

    Examples
    --------
    >>> voxframe.read_call_history("2026-10-01", "2026-11-01", credentials="nowhere.json")
    Traceback (most recent call last):
        ...
    voxframe.errors.CredentialsError: nowhere.json: no such file in ...; the key
    file is made in Voximplant's control panel, under service accounts
    """


class InvalidQueryError(VoxframeError, ValueError):
    """A query was refused before any request; the message names the parameter.

    What to do: correct what the message names. Nothing was sent. Of a keyword that does not
    exist it names the nearest one.

    Examples
    --------
    >>> voxframe.read_call_history("2026-10-01", "2026-11-01", max_durration=5)
    Traceback (most recent call last):
        ...
    voxframe.errors.InvalidQueryError: max_durration: read_call_history has no
    such keyword; did you mean 'max_duration'?
    """


class ApiError(VoxframeError):
    """The service answered with an error.

    What to do: the kinds of it say so. Any other code is the service's own, and the message
    has its words; if the same call fails again later, it is a matter for Voximplant's
    support.

    Attributes
    ----------
    code : int
        The service's own error code, or the HTTP status where it gave none.
    msg : str
        The service's own words, with anything that looks like a phone number
        or a token taken out.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Fault, World
    >>> with Emulator(World(sessions=10), faults=[Fault("103")]) as emulator:
    ...     try:
    ...         voxframe.count_call_history(
    ...             "2026-10-01",
    ...             "2026-11-01",
    ...             credentials=emulator.credentials,
    ...             base_url=emulator.base_url,
    ...         )
    ...     except errors.ApiError as error:
    ...         print(error.code, error.msg)
    103 Unknown command.
    """

    def __init__(self, message: str, *, code: int = 0, msg: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.msg = msg


class AuthenticationError(ApiError):
    """The service does not accept the key or the token (100; 456 after one renewal).

    What to do: see in the control panel that the service account and its key still exist,
    and that the file is this account's; make a new key if in doubt. A wrong clock on this
    machine is not the reason, since tokens are dated by the service's.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Fault, World
    >>> with Emulator(World(sessions=10), faults=[Fault("100")]) as emulator:
    ...     voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    Traceback (most recent call last):
        ...
    voxframe.errors.AuthenticationError: the service does not accept the key
    (error 100: Authorization failed.); check that the service account still
    exists and that the key file is its own
    """


class PermissionDeniedError(ApiError):
    """The service account lacks the role for call history (104).

    What to do: give the service account one of the roles that the message names, in the
    control panel, under *Service accounts*.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Fault, World
    >>> with Emulator(World(sessions=10), faults=[Fault("104")]) as emulator:
    ...     voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    Traceback (most recent call last):
        ...
    voxframe.errors.PermissionDeniedError: the service account may not read the
    call history (error 104: Forbidden command: the service account lacks a
    role.); give it one of the roles Owner, Admin, Developer, Supervisor or
    Support, in the control panel under service accounts
    """


class RateLimitError(ApiError):
    """The service kept throttling until every retry was spent (340, 515, HTTP 429).

    What to do: the account is read by others at the same time, or is allowed less. Give a
    smaller `max_concurrency`, a :class:`~voxframe.RetryPolicy` that waits longer, or
    another hour; an export or a sync that is called again goes on where it was.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Fault, World
    >>> quick = voxframe.RetryPolicy(max_attempts=2, first_wait=0.1)
    >>> with Emulator(World(sessions=10), faults=[Fault("340")]) as emulator:
    ...     voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...         retry=quick,
    ...     )
    Traceback (most recent call last):
        ...
    voxframe.errors.RateLimitError: 2026-10-01 00:00:00 to 2026-11-01 00:00:00:
    the service throttles (error 340: Rate limit exceeded.), after 2 attempts in
    ... s; try again later, or pass a RetryPolicy that waits longer
    """


class TransportError(VoxframeError):
    """The network failed, or the answer could not be used, until every retry was spent.

    What to do: the message names the host and the reason. See to the network, a proxy
    (``HTTPS_PROXY``) or an authority of your own (``SSL_CERT_FILE``), and call again; an
    export or a sync goes on where it was.

    Examples
    --------
    >>> quick = voxframe.RetryPolicy(max_attempts=1)
    >>> voxframe.count_call_history(
    ...     "2026-10-01", "2026-11-01", base_url="http://127.0.0.1:9", retry=quick
    ... )
    Traceback (most recent call last):
        ...
    voxframe.errors.TransportError: nobody listens at 127.0.0.1:9: connection
    refused; check base_url and this machine's network, and set HTTPS_PROXY where
    a proxy is needed; given up after 1 attempt in ... s
    """


class DecodeError(VoxframeError):
    """A page holds a value that no column can hold; the message names field and session.

    What to do: nothing is made up and nothing left out, so the read ends here. Read the
    windows before and after that session, or without the table that the message names
    (``with_records=False`` and its like), and report the value to Voximplant's support.

    Examples
    --------
    >>> from voxframe.emulator import Behaviour, Emulator, World
    >>> with Emulator(World(sessions=10), behaviour=Behaviour(poison="nan")) as emulator:
    ...     voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    Traceback (most recent call last):
        ...
    voxframe.errors.DecodeError: `cost` of session 3100000022 (resource_usage) is
    not a finite number (2026-10-01 00:00:00 to 2026-11-01 00:00:00)
    """


class IncompleteHistoryError(VoxframeError):
    """The service cannot be made to give every session; the message names window and count.

    What to do: narrow the query, by `application_id` or `user_id`, and put the parts
    together with :meth:`CallHistory.concat() <voxframe.CallHistory.concat>`; or read again
    once the account is quieter. There are never fewer rows in silence.

    Examples
    --------
    >>> from voxframe.emulator import Behaviour, Emulator, World
    >>> crowd = World(sessions=10, burst=("2026-10-05", 50))
    >>> odd = Behaviour(page_cap=5, offset_ignored=True)
    >>> with Emulator(crowd, behaviour=odd) as emulator:
    ...     voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    Traceback (most recent call last):
        ...
    voxframe.errors.IncompleteHistoryError: asked for 2026-10-04 23:59:59 to
    2026-10-05 00:00:01, the service counts 50 sessions and gave 5 different ones;
    neither offsets nor filters reach the rest. Narrow the query, by
    application_id or user_id, and read it in parts
    """


class ExportError(VoxframeError):
    """A folder cannot be written or read as Parquet; what was whole in it before is so still.

    What to do: name a folder of its own, or see to the disk, or to the other process that
    writes there; the message says which. A folder that is damaged can be written again
    elsewhere, and an audit with ``repair=True`` reads days of a dataset again.

    Examples
    --------
    >>> voxframe.export_call_history(".", "2026-10-01", "2026-11-01")
    Traceback (most recent call last):
        ...
    voxframe.errors.ExportError: ... holds other data (credentials.json); name a
    folder of its own
    """


class DamageError(ExportError):
    """A day of a dataset is damaged, and the service no longer gives all that was in it.

    What to do: put the file that the message names back at its place, from a backup, and run the
    same again. Nothing was removed: the day is as it was, and all other days are done. If there
    is no backup, :func:`~voxframe.sync_call_history` with ``vanished="intact"`` reads the day
    again, keeps what is intact of it, and gives up the rest.

    Attributes
    ----------
    report : SyncReport or pandas.DataFrame
        What the call would have returned.
    lost : pandas.DataFrame
        How many rows of which tables cannot be had again, as
        ``lost`` of the :class:`~voxframe.SyncReport`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from voxframe.emulator import Emulator, World
    >>> world = World(sessions=10, start="2026-10-01", end="2026-10-02")
    >>> with Emulator(world) as emulator:
    ...     given = {"credentials": emulator.credentials, "base_url": emulator.base_url}
    ...     report = voxframe.sync_call_history("kept", "2026-10-01", "2026-10-02", **given)
    ...     world.purge(world.some(2))
    ...     (file,) = Path("kept/sessions").rglob("*.parquet")
    ...     file.unlink()
    ...     try:
    ...         voxframe.sync_call_history("kept", to_date="2026-10-02", **given)
    ...     except errors.DamageError as error:
    ...         print(int(error.lost["sessions"].sum()), "sessions")
    2 sessions
    """

    def __init__(self, message: str, *, report: Any = None, lost: Any = None) -> None:
        super().__init__(message)
        self.report = report
        self.lost = lost


class MissingExtraError(VoxframeError, ModuleNotFoundError):
    """A package that an extra brings is not installed; the message says how to install it.

    What to do: install the extra that the message names, such as ``pip install
    'voxframe[plots]'``.

    Examples
    --------
    >>> try:
    ...     from voxframe.analysis import plots
    ... except errors.MissingExtraError as error:
    ...     print(error)
    >>> issubclass(errors.MissingExtraError, ModuleNotFoundError)
    True
    """

    def __init__(self, message: str = "", *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name
