"""What was paid for, and when."""

import numpy as np
import pandas as pd

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import Bins, make_bins, marked
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._coded import Coded
from voxframe.analysis._currency import Currency, currency_by, noted
from voxframe.analysis._derived import moments
from voxframe.analysis._grouping import KINDS, By, columns_by, over_time
from voxframe.analysis._money import cost_of, total
from voxframe.analysis._output import DtypeBackend, grouped
from voxframe.analysis._source import Entries, Flags, History, Ints, Source
from voxframe.analysis._tally import Tally, added


def time_codes(when: Ints, known: Flags, bins: Bins) -> Coded:
    """Return the bin of each instant as a column to group by."""
    return Coded(np.where(known, bins.find(when), -1), bins.starts())


def _moments(source: Source) -> tuple[Ints, Flags]:
    each = [moments(source, kind) for kind in KINDS]
    return np.concatenate([starts for starts, _ in each]), np.concatenate([f for _, f in each])


def _seen(source: Source) -> Ints:
    when, known = _moments(source)
    return np.concatenate([when[known], source.session_starts])


@checked
def cost_breakdown(
    history: History,
    *,
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Break the whole price down: calls, records and resources, by column and over time.

    A session's price is the sum of its ``calls``, ``records`` and
    ``other_resource_usage``; none of the three is left out, whatever it is broken down
    by, so the rows always add up to everything that was paid. What a column says
    nothing about stands in a row with a null label.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    by : str or sequence of str, optional
        Columns, of any table: a name is looked for in ``sessions``, then ``calls``,
        ``records`` and ``resource_usage``; ``"calls.custom_data"`` says which is meant.
        A column of ``sessions`` speaks for all that is in the session; one of ``calls``
        for the calls and for the resources whose ``ref_call_id`` names the call.
        Besides there are ``"kind"`` (calls, records, resources); ``"side"`` (see
        :func:`far_ends`), ``"direction"`` (in, out) and ``"country"`` (where the remote
        number lies, ISO 3166-1, the ``numbers`` extra; null for users and for what is
        not a number) of a leg, where records, and resources without a leg, have the
        direction and country of their session's caller, or of the first number that it
        dialled; ``"session_kind"`` (inbound, outbound by a person, outbound by the
        script, internal, other, no legs), ``"caller"`` (number), ``"called"`` (the
        number that the caller dialled), both without ``+``, ``00`` and what surrounds them
        in a SIP address, ``"agent"`` (who answered first, to whom the whole session counts;
        :func:`cost_by_agent`, and the report, count it to who was connected longest) of a
        session;
        ``"remote_number"`` in one spelling, ``+442079460958`` and ``00442079460958`` as
        ``442079460958``: nothing else is put together, not a national number, an extension,
        a user's name or a SIP address (``"calls.remote_number"`` leaves all as they are);
        ``"hour"`` (0 to 23) and ``"weekday"`` (Mon to Sun) of its start.
    freq : str, optional
        Stretches of time: a part of a day that divides it (``"h"``, ``"6h"``, ``"15min"``),
        ``"D"``, ``"W"`` (from Monday), ``"M"``, ``"Q"``, ``"Y"``, or another of pandas'
        calendar frequencies, such as ``"W-SUN"`` (from Sunday), ``"QS-APR"`` or ``"MS"``,
        which is ``"M"``. Every price counts at its session's ``start_date``, so that a
        session is never split, and a month's rows are the price of its sessions.
    timezone : str
        IANA name of the timezone whose clock cuts them; days of a DST change have 23
        or 25 hours.
    currency : str or mapping of int to str, optional
        What currency prices are in: one label, or one for each ``account_id``. Sums are
        then within one currency, a row each. Without it the prices of all accounts are
        added up, and where there are several, ``result.attrs["note"]`` says so.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        The sums are exact. ``"numpy_nullable"`` gives each as the nearest Float64,
        ``"pyarrow"`` gives them as decimal128(38, 9).

    Returns
    -------
    pandas.DataFrame
        With ``freq`` ``start`` (when the stretch begins, in ``timezone``) and ``partial``
        (whether it is not wholly inside of the window that was read, so that its sums are
        not to be compared; null where that is not known); ``currency`` (where it was
        given), the columns of ``by``, then ``calls_cost``,
        ``records_cost``, ``resources_cost`` and ``total_cost`` in the account's
        currency. In order of time, day of the week and hour, where there are such, then
        the dearest first. With ``freq`` alone every
        stretch from the first session to the last has a row, with ``by`` those in which
        something is. A price that is absent counts as
        nothing; of a part that was not read at all (``with_records=False`` …) the cost
        is null, and so is the total. Without ``by`` and ``freq`` there is one row, of
        zeros when the history is empty. Excel has no timezones, so before ``to_excel``:
        ``frame["start"] = frame["start"].dt.tz_localize(None)``.

    Raises
    ------
    ValueError
        For an unknown column, frequency or timezone, or an account without a currency.

    Examples
    --------
    >>> costs = analysis.cost_breakdown(history, by="application_name")
    >>> costs[["application_name", "calls_cost", "total_cost"]].head(3)
       application_name  calls_cost  total_cost
    0      support-line   20.920217   52.460143
    1      sales-dialer   17.609047   23.904684
    2  video-consulting    9.280561   19.722077

    The exact decimal of the month:

    >>> analysis.cost_breakdown(history, dtype_backend="pyarrow")["total_cost"][0]
    Decimal('120.688265138')
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    kinds = tuple(KINDS)
    bins = None
    if freq is not None:
        seen = map(_seen, sources.reading("start_date", "start_time", "used_at"))
        bins = make_bins(span(seen), freq, timezone)

    def tally(source: Source) -> Tally:
        counts = [source.count(kind) for kind in kinds]
        owners = np.concatenate([source.parents(kind) for kind in kinds])
        columns = [*currency_by(source, currency, owners), *columns_by(source, by, kinds, timezone)]
        time = None if bins is None else time_codes(*_moments(source), bins)
        groups = over_time(time, columns, sum(counts))
        parts = np.split(groups.codes, np.cumsum(counts)[:-1])
        costs = {
            f"{KINDS[kind]}_cost": cost_of(source, kind, codes, groups.size)
            for kind, codes in zip(kinds, parts, strict=True)
        }
        return Tally.of(groups, **costs)

    (costs,) = added((tally(source),) for source in sources)
    figures = {**costs.figures, "total_cost": total(sources.unread, *costs.figures.values())}
    known = [f"{name}_cost" for kind, name in KINDS.items() if kind not in sources.unread]
    dearest = "total_cost" if len(known) == len(kinds) or not known else known[0]
    labels = costs.labels if bins is None else marked(costs.labels, bins, sources.window)
    return noted(grouped(labels, figures, dearest, dtype_backend), sources, currency, by)
