"""What followed a call: whether its number called again, was dialled, was reached."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voxframe.analysis._coded import Coded
from voxframe.analysis._derived import numbers_of
from voxframe.analysis._inbound import Inbound
from voxframe.analysis._source import Flags, Ints, Source
from voxframe.errors import InvalidQueryError

# More than any epoch second of a date: the year 9999 ends before 2 ** 38.
_BEYOND = 2**38


def seconds_of(name: str, length: object) -> int:
    """Return a length of time such as ``"1h"`` in seconds.

    Raises
    ------
    InvalidQueryError
        For what is not a length of time, or is not above 0.
    """
    try:
        seconds = int(pd.Timedelta(length).total_seconds())  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise InvalidQueryError(
            f"{name}: {length!r} is not a length of time such as '1h' or '7D'"
        ) from error
    if seconds <= 0:
        raise InvalidQueryError(f"{name}: {length!r} is not above 0")
    return seconds


@dataclass(frozen=True, slots=True)
class _Contacts:
    """Legs by number, each with its session and moment, in order of number and moment."""

    key: Ints
    session: Ints

    @classmethod
    def of(cls, numbers: Coded, session: Ints, when: Ints) -> "_Contacts":
        known = (numbers.codes >= 0) & (session >= 0)
        key = numbers.codes[known] * _BEYOND + when[known]
        order = np.argsort(key, kind="stable")
        return cls(key[order], session[known][order])

    def within(self, number: Ints, begin: Ints, end: Ints, session: Ints) -> Flags:
        """Return whether there is one from `begin` to `end`, both included, in another session."""
        low = np.searchsorted(self.key, number * _BEYOND + begin)
        high = np.searchsorted(self.key, number * _BEYOND + end, side="right")
        found = np.zeros(len(number), np.bool_)
        for at in np.flatnonzero((number >= 0) & (low < high)):
            found[at] = (self.session[low[at] : high[at]] != session[at]).any()
        return found


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed each inbound session within a time; one entry a session."""

    dialled: Flags
    reached: Flags
    called_again: Flags
    whole: Flags
    """Whether the data goes on for that time, so that a no is a no."""


def until(source: Source) -> int:
    """Return when the data ends: the end of what was read, or the last session's start."""
    if source.window is not None:
        return source.window[1]
    return int(source.session_starts.max(initial=0))


def follow(source: Source, inbound: Inbound, seconds: int) -> Followed:
    """Look for calls from and to the caller's number after each inbound session's end."""
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")
    session = np.arange(size)
    numbers = numbers_of(source, np.arange(source.count("calls")))
    caller = numbers.take(inbound.caller).codes
    end = np.append(legs.start + legs.seconds, 0)[inbound.caller]
    outgoing = legs.outgoing & source.network

    def after(rows: Flags) -> Flags:
        chosen = Coded(np.where(rows, numbers.codes, -1), numbers.labels)
        contacts = _Contacts.of(chosen, parents, legs.start)
        return contacts.within(caller, end, end + seconds, session)

    first = np.zeros(source.count("calls"), np.bool_)
    first[inbound.caller[inbound.caller >= 0]] = True
    return Followed(
        after(outgoing), after(outgoing & legs.answered), after(first),
        end + seconds <= until(source),
    )  # fmt: skip
