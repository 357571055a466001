"""What to raise for an answer that is not a result, and what a person can do about it: pure."""

from voxframe._http.response import Classification, Verdict
from voxframe._http.retry import RetryableError
from voxframe.errors import (
    ApiError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    VoxframeError,
)


def failure(
    said: Classification, *, status: int, asked: str, asked_wait: float | None
) -> VoxframeError | RetryableError:
    """Return the error for an answer that is not a result.

    Parameters
    ----------
    said : Classification
        What the answer says.
    status : int
        Its HTTP status.
    asked : str
        What was asked, fit for an error message.
    asked_wait : float, optional
        Seconds that the answer asks to wait.
    """
    code, msg = said.code, said.msg
    match said.verdict:
        case Verdict.THROTTLED:
            text = f"the service throttles (error {code}: {msg})"
            return RetryableError(
                RateLimitError(text, code=code, msg=msg), throttled=True, asked_wait=asked_wait
            )
        case Verdict.AGAIN if status == code:
            return RetryableError(
                TransportError(f"the service answered with {msg}"), asked_wait=asked_wait
            )
        case Verdict.AGAIN:
            text = f"the service failed (error {code}: {msg})"
            return RetryableError(ApiError(text, code=code, msg=msg), asked_wait=asked_wait)
        case _:
            return _refusal(said, asked)


def _refusal(said: Classification, asked: str) -> VoxframeError:
    """Return what a person can do about a no that another attempt does not change."""
    code, msg = said.code, said.msg
    match said.verdict:
        case Verdict.TOKEN_EXPIRED:
            return AuthenticationError(
                f"the service calls a fresh token expired (error {code}: {msg}); check this "
                "machine's clock",
                code=code,
                msg=msg,
            )
        case Verdict.NOT_AUTHORIZED:
            return AuthenticationError(
                f"the service does not accept the key (error {code}: {msg}); check that the "
                "service account still exists and that the key file is its own",
                code=code,
                msg=msg,
            )
        case Verdict.FORBIDDEN:
            return PermissionDeniedError(
                f"the service account may not read the call history (error {code}: {msg}); give "
                "it a role that may call GetCallHistory, in the control panel under service "
                "accounts",
                code=code,
                msg=msg,
            )
        case Verdict.UNUSABLE:
            return TransportError(f"{asked}: {msg}")
        case _:
            return ApiError(
                f"{asked}: the service refused the query (error {code}: {msg})", code=code, msg=msg
            )
