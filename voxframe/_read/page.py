"""One page, whatever it takes: bytes from the wire, decoded; again, where that may mend it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxframe._decode.decode import Page
from voxframe._decode.page import RawPage
from voxframe._http import body as limits
from voxframe._http.fetcher import Fetcher
from voxframe._http.response import is_json
from voxframe._http.retry import RetryableError
from voxframe._http.usage import Usage
from voxframe._plan.model import Limits
from voxframe.errors import DecodeError, TransportError

logger = logging.getLogger("voxframe")


# A page twice as long stays well below the size that is refused, even if its sessions are larger.
_SMALL = 4


@dataclass(slots=True)
class PageSize:
    """How many sessions are asked for at once: fewer where answers are too large.

    Attributes
    ----------
    most : int
        So many, at most.
    """

    most: int = Limits().page

    def too_large(self, count: int) -> None:
        """Ask for half as many from now on."""
        self.most = min(self.most, count // 2)

    def fitted(self, rows: int, size: int) -> None:
        """Ask for twice as many again, where a full page was a small part of what is taken."""
        if rows == self.most < Limits().page and size * _SMALL < limits.LARGEST_BODY:
            self.most = min(2 * rows, Limits().page)


@dataclass(frozen=True, slots=True)
class PageReader:
    """How one run gets its pages; safe to use from many threads.

    Attributes
    ----------
    fetcher : Fetcher
        Gives the bytes.
    decode : callable
        From a page of bytes to its tables.
    """

    fetcher: Fetcher
    decode: Callable[[RawPage], Page]

    def read(self, form: Mapping[str, str], asked: str, usage: Usage) -> tuple[Page, int]:
        """Return one page, and of how many bytes it was.

        Parameters
        ----------
        form : Mapping of str
            Everything that is asked, as the service reads it.
        asked : str
            The same for an error message: the window, never a filter's value.
        usage : Usage
            Where requests, retries and bytes are counted.

        Raises
        ------
        ApiError, TransportError, DecodeError
            As the contract says, after all that may mend it was tried.
        """
        attempts = self.fetcher.attempts(asked, usage)
        for attempt in attempts:
            with attempt:
                # The place in flight is free for another request while this answer is decoded.
                received = self.fetcher.send(form, attempts)
                page = self._decoded(received.body, asked, attempts.number)
                self.fetcher.limiter.went_well()
                logger.debug(
                    "%s: code 200, %d rows, %d bytes, %.3f s, attempt %d",
                    asked,
                    page.count,
                    len(received.body),
                    received.seconds,
                    attempts.number,
                )
                return page, len(received.body)
        raise AssertionError("attempts end with a page or an error")

    def _decoded(self, body: bytes, asked: str, number: int) -> Page:
        try:
            return self.decode(RawPage(body, asked))
        except DecodeError:
            if is_json(body):
                raise
            text = "an answer that is not one whole JSON value"
            logger.debug("%s: %s, attempt %d", asked, text, number)
            raise RetryableError(TransportError(text)) from None
