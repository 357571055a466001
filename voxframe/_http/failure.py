"""What to raise for an answer that is not a result, and what a person can do about it: pure."""

from http import HTTPStatus

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

# https://voximplant.com/docs/references/httpapi/history#getcallhistory
_ROLES = "Owner, Admin, Developer, Supervisor or Support"
_UNKNOWN_COMMAND = 103


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
    code, msg, quoted = said.code, said.msg, _quote(said, status)
    match said.verdict:
        case Verdict.THROTTLED:
            text = f"the service throttles ({quoted})"
            return RetryableError(
                RateLimitError(text, code=code, msg=msg), throttled=True, asked_wait=asked_wait
            )
        case Verdict.AGAIN if status == code:
            text = f"the service answered with {msg if status == HTTPStatus.OK else quoted}"
            return RetryableError(TransportError(text), asked_wait=asked_wait)
        case Verdict.AGAIN:
            text = f"the service failed ({quoted})"
            return RetryableError(ApiError(text, code=code, msg=msg), asked_wait=asked_wait)
        case Verdict.UNUSABLE:
            return TransportError(f"{asked}: the service answered with {quoted}")
        case _:
            kind, text = _refusal(said, quoted, asked)
            return kind(text, code=code, msg=msg)


def _quote(said: Classification, status: int) -> str:
    """Return code and words of an answer, fit for an error message."""
    code = f"HTTP {status}" if said.code == status else f"error {said.code}"
    return f"{code}: {said.msg}" if said.msg else code


def _refusal(said: Classification, quoted: str, asked: str) -> tuple[type[ApiError], str]:
    """Return what a person can do about a no that another attempt does not change."""
    match said.verdict:
        case Verdict.TOKEN_EXPIRED:
            return AuthenticationError, (
                f"the service calls a fresh token expired ({quoted}); check this machine's clock"
            )
        case Verdict.NOT_AUTHORIZED:
            return AuthenticationError, (
                f"the service does not accept the key ({quoted}); check that the service account "
                "still exists and that the key file is its own"
            )
        case Verdict.FORBIDDEN:
            return PermissionDeniedError, (
                f"the service account may not read the call history ({quoted}); give it one of "
                f"the roles {_ROLES}, in the control panel under service accounts"
            )
        case _ if said.code == _UNKNOWN_COMMAND:
            return ApiError, (
                f"the service does not know GetCallHistory at this address ({quoted}); check "
                "base_url: it is https://api.voximplant.com, and /platform_api must not be in it "
                "twice"
            )
        case _:
            return ApiError, f"{asked}: the service refused the query ({quoted})"
