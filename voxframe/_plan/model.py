"""What a plan asks and what it is told: the planner's two nouns."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from voxframe._spec.limits import LARGEST_OFFSET, PAGE_SIZE
from voxframe._timezones import instant


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer can give: https://voximplant.com/docs/references/httpapi/history.

    Attributes
    ----------
    page : int
        Sessions an answer, at most.
    offset : int
        Sessions that an answer can skip, at most.
    """

    page: int = PAGE_SIZE
    offset: int = LARGEST_OFFSET


def format_wall_time(second: int) -> str:
    """Write a second the way the service does, ``YYYY-MM-DD HH:mm:ss``."""
    return instant(second).replace(tzinfo=None).isoformat(" ")


@dataclass(frozen=True, slots=True, eq=False)
class PageRequest:
    """One request: a window from ``first`` to ``last`` and what part of it to answer.

    ``narrow`` adds filters to the query's own. They, offsets and the order are the plan's
    idea and not the user's, so a service that does not know one may refuse without harm.
    """

    first: int
    last: int
    count: int = PAGE_SIZE
    offset: int = 0
    desc: bool = False
    total: bool = False
    narrow: Mapping[str, int] = field(default_factory=dict)

    @property
    def may_be_refused(self) -> bool:
        """Whether a refusal is an answer of which the plan makes something."""
        return bool(self.narrow or self.offset or self.desc)

    def __str__(self) -> str:
        """Describe what is asked for, without a filter's value."""
        return self.describe(format_wall_time)

    def describe(self, spell: Callable[[int], str]) -> str:
        """Describe what is asked for, its seconds written by ``spell``."""
        text = f"{spell(self.first)} to {spell(self.last)}"
        if self.offset:
            text += f", offset {self.offset}"
        if self.narrow:
            text += f", split by {' and '.join(self.narrow)}"
        return text


@dataclass(frozen=True, slots=True)
class PageRows:
    """What an answer held, row by row as received.

    Attributes
    ----------
    ids, starts : array of int64
        Session ids, and their starts in seconds of the service's clock face.
    total : int or None
        The service's count of the whole window, where it was asked for.
    values : Mapping of str to array of int64
        Each row's values of the fields that a second can be split by; -1 where absent.
    refused : bool
        Whether the service refused the question, see :attr:`PageRequest.may_be_refused`.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    total: int | None = None
    values: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    refused: bool = False

    @property
    def in_order(self) -> bool:
        """Whether no start is before the one above it."""
        return bool(np.all(self.starts[1:] >= self.starts[:-1]))

    @property
    def distinct(self) -> int:
        """How many different sessions there are."""
        return int(np.unique(self.ids).size)


REFUSED = PageRows(np.empty(0, np.int64), np.empty(0, np.int64), refused=True)
"""The answer to a question that the service refused."""

T = TypeVar("T")
Steps: TypeAlias = Generator[list[PageRequest], tuple[PageRequest, PageRows], T]


def ask_all(asks: Sequence[PageRequest]) -> Steps[list[PageRows]]:
    """Send all of these side by side; return their answers in the same order."""
    answers: dict[PageRequest, PageRows] = {}
    sending = list(asks)
    while len(answers) < len(asks):
        ask, held = yield sending
        answers[ask] = held
        sending = []
    return [answers[ask] for ask in asks]
