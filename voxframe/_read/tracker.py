"""How far a read is, and what is waited for: for a bar, a callable and the log."""

import logging
from dataclasses import dataclass, field

from voxframe._decode.decode import Page
from voxframe._http.fetcher import Fetcher
from voxframe._http.usage import Usage
from voxframe._progress import Progress, Report
from voxframe._query.options import ReadSpec
from voxframe._read.interval import Request

logger = logging.getLogger("voxframe")

# A person wonders after a second; an answer of the service takes less.
_PATIENCE = 1.0
# A log is looked at when something seems stuck: half a minute without a line does not.
_SILENCE = 30.0
# Of a read of ten pages or more each tenth is said, whatever its pace; a smaller one is over soon.
_LARGE = 10_000


@dataclass(slots=True)
class Tracker:
    """How far one read is; used by the thread that takes its pages.

    Attributes
    ----------
    reading : ReadSpec
        What is read.
    fetcher : Fetcher
        Knows the time, and what holds requests back.
    usage : Usage
        What was sent and received so far.
    report : callable
        Called with each step, and now and then while nothing comes.
    """

    reading: ReadSpec
    fetcher: Fetcher
    usage: Usage
    report: Report
    _began: float = field(init=False)
    _came: float = field(init=False)
    _reported: float = field(init=False)
    _logged: float = field(init=False)
    _tenths: int = 0
    _rows: int = 0
    _total: int | None = None

    def __post_init__(self) -> None:
        """Begin now."""
        self._began = self.fetcher.clock.monotonic()
        self._came = self._reported = self._logged = self._began

    @property
    def seconds(self) -> float:
        """Seconds since the read began."""
        return self.fetcher.clock.monotonic() - self._began

    def received(self, request: Request, page: Page | None) -> None:
        """Take note of an answer."""
        self._came = self._reported = self.fetcher.clock.monotonic()
        if page is None:
            return
        if request.ask.count > 1:
            self._rows += len(page.tables["sessions"])
        # The count of one of several forms, or of half a list of ids, is not that of the query.
        if self._total is None and list(self.reading.query.forms) == [request.reader.form]:
            self._total = page.total_count
        self._say("")

    def waited(self) -> None:
        """Take note that nothing came for a moment."""
        now = self.fetcher.clock.monotonic()
        if now - self._came >= _PATIENCE and now - self._reported >= _PATIENCE:
            self._reported = now
            self._say(self._waiting())

    def _say(self, waiting: str) -> None:
        sessions = self._rows if self._total is None else min(self._rows, self._total)
        self._log(sessions, waiting)
        self.report(Progress(sessions, self._total, self.usage.requests, self.seconds, waiting))

    def _log(self, sessions: int, waiting: str) -> None:
        now = self.fetcher.clock.monotonic()
        large = self._total is not None and self._total >= _LARGE
        tenths = 10 * sessions // self._total if self._total and large else 0
        # At the end there is a line of what was read.
        if now - self._logged < _SILENCE and not self._tenths < tenths < 10:  # noqa: PLR2004
            return
        self._logged, self._tenths = now, tenths
        logger.info(
            "%s to %s: %d of %s sessions, %d requests, %.0f s%s",
            self.reading.window.from_date,
            self.reading.window.to_date,
            sessions,
            "an unknown number of" if self._total is None else f"about {self._total}",
            self.usage.requests,
            now - self._began,
            f"; {waiting}" if waiting else "",
        )

    def _waiting(self) -> str:
        pause, transport = self.fetcher.limiter.pause, self.fetcher.transport
        if pause:
            return f"the service throttles; waiting {pause:.0f} s"
        first = "an" if transport.answered else "the first"
        tried = self.usage.retries
        again = f", {tried} request{'s' * (tried > 1)} asked again" if tried else ""
        return f"waiting for {first} answer from {transport.host}{again}"
