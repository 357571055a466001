"""How much there is to read, from one answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voxframe._decode.decode import Page
from voxframe._plan.plan import Completeness
from voxframe._receipt import Receipt

# Pages overlap by a few rows, parts that are read side by side end in pages that are not full, and
# a read ends with a count: reads of a month took up to a quarter more than the rows alone would.
_MORE = 1.25
# The first answer, without which nobody knows what to ask, and the count at the end.
_ALONE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many sessions a window has, and about what a read of them would take.

    Attributes
    ----------
    sessions : int
        As the service counts them. Where one answer holds them all, exactly those of
        the window; else those that start in the second in which it ends may be among them.
    requests : int
        About so many requests: a quarter more than answers as long as the first one
        would be.
    seconds : float
        About so long: the first request and the last one alone, between them as many as
        the client has in flight at once, each as long as the first one. A service that answers
        several requests at once more slowly than one, or throttles, takes longer.
    bytes : int
        About so many bytes of answers, inflated: as many a session as in the first answer.
    receipt : Receipt
        Of the counting itself.

    Examples
    --------
    >>> count = voxframe.count_call_history("2026-10-01", "2026-11-01")
    >>> f"{count.sessions:,} sessions, about {count.requests} requests"
    '2,000 sessions, about 4 requests'
    """

    sessions: int
    requests: int
    seconds: float
    bytes: int
    receipt: Receipt


def estimate(
    pages: Sequence[Page], settled: Sequence[Completeness], receipt: Receipt, *, in_flight: int
) -> Count:
    """Estimate a read from the first answer to each of its forms."""
    rows = sum(len(page.tables["sessions"]) for page in pages)
    if all(each.too_many is None for each in settled):
        return Count(
            sessions=receipt.sessions,
            requests=receipt.requests,
            seconds=receipt.seconds,
            bytes=receipt.bytes,
            receipt=receipt,
        )
    sessions = sum(each.total or 0 for each in settled)
    longest = max(len(page.tables["sessions"]) for page in pages)
    requests = math.ceil(_MORE * sessions / longest) + len(settled)
    each = receipt.seconds / max(receipt.requests, 1)
    return Count(
        sessions=sessions,
        requests=requests,
        seconds=(_ALONE + math.ceil((requests - _ALONE) / in_flight)) * each,
        bytes=round(_MORE * receipt.bytes * sessions / rows),
        receipt=receipt,
    )
