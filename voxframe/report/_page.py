"""One page that says what a call history cost, how busy it was, and what to do."""

from importlib.resources import files

from voxframe import analysis
from voxframe._extras import needed_for
from voxframe.analysis._bins import zone
from voxframe.analysis._currency import Currency
from voxframe.analysis._source import Entries, History
from voxframe.report import _origin
from voxframe.report._advice import advice
from voxframe.report._figures import Changes, main_figures, traffic_figures
from voxframe.report._money import money_tables
from voxframe.report._parts import Page
from voxframe.report._people import people_tables, still_missed
from voxframe.report._pictures import pictures
from voxframe.report._quality import failing_numbers, quality_tables

# From here on two decimal places of money have three digits that matter.
_LARGE = 10


def _css(text: str) -> str:
    """Write a text as a string of CSS that can end neither itself nor the style sheet."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja

    return Markup(  # noqa: S704 - all but letters and digits is escaped
        '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text) + '"'
    )


def report_html(
    history: History,
    *,
    title: str | None = None,
    timezone: str = "UTC",
    show_numbers: bool = False,
    previous: History | None = None,
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> str:
    """Write a call history up as one self-contained HTML page.

    For somebody who does not know what a leg is: five figures, and how they changed; what
    was paid for; how busy it was; who called, who answered and whom to call back; why calls
    failed; what to do. Then what the figures mean, what counts as an outside call, and the
    read's receipt. It loads nothing from anywhere, follows the reader's light or dark
    setting, and is made for a desk, a phone and paper. The same history gives the same
    page. Needs the ``report`` extra; with ``numbers`` there is a table by country too.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to report on.
    title : str, optional
        Heading of the page.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    show_numbers : bool
        Whether telephone numbers may stand on the page. Without it callers are named by
        the last two digits, and whatever looks like a number in a name or in `title` is
        left out; dates stay.
    previous : CallHistory or mapping of tables, optional
        The period before, for the changes.
    currency : str or mapping of int to str, optional
        What prices are in, as in :func:`~voxframe.analysis.cost_breakdown`.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`~voxframe.analysis.far_ends`.

    Returns
    -------
    str
        HTML, to be written as UTF-8.

    Raises
    ------
    MissingExtraError
        Without the ``report`` extra.
    ValueError
        For an unknown timezone, an account without a currency, or an entry for far ends
        that is none.
    """
    with needed_for("a report", "report"):
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    parts = analysis.cost_breakdown(history).iloc[0].drop("total_cost")
    paid = float(parts.fillna(0).sum())
    page = Page(
        history, previous, zone(timezone), show_numbers,
        places=2 if not paid or abs(paid) >= _LARGE else 4,
        currency=currency, own=own, machine=machine, network=network,
    )  # fmt: skip
    changes = Changes(page)
    open_calls, silent = still_missed(page), failing_numbers(page)
    template = files("voxframe.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["css"] = _css
    return environment.from_string(template).render(
        title=page.label(title or "Call history"),
        found=page.source.count("sessions") > 0,
        covered=_origin.covered(page.history, page.timezone),
        header=_origin.header(page),
        figures=main_figures(page, changes),
        money=money_tables(page),
        traffic=traffic_figures(page, changes),
        pictures=pictures(page),
        people=people_tables(page, open_calls),
        quality=quality_tables(page, silent),
        advice=advice(page, open_calls, silent),
        notes=_origin.notes(page),
        readings=_origin.readings(page),
        far_ends=_origin.far_ends(page),
        receipt=_origin.receipt_of(page),
    )
