"""A length of time, as people write it."""

import pandas as pd

from voxframe.errors import InvalidQueryError


def seconds_of(lookback: object) -> int:
    """Check how long after its end a day is read again.

    Raises
    ------
    InvalidQueryError
        It is not a length of time.
    """
    try:
        if isinstance(lookback, int | float) or str(lookback).strip().isdigit():
            raise ValueError  # noqa: TRY301 - pandas would take it for nanoseconds
        span = pd.Timedelta(lookback)  # type: ignore[arg-type]
        seconds = -(-span // pd.Timedelta(seconds=1))
    except (ValueError, TypeError, OverflowError):
        raise InvalidQueryError(
            f"lookback: {lookback!r} is not a length of time; write it like '3D' or '36h'",
        ) from None
    if not isinstance(seconds, int) or seconds < 0:
        raise InvalidQueryError(f"lookback: {lookback!r} is not a length of time from 0")
    return seconds
