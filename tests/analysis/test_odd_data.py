"""Figures of a history in which anything may be missing or odd, once more by DuckDB."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import voxframe
from tests.support.histories import at, random_tables, rows
from voxframe import analysis

ZONE = "Europe/Berlin"
# Clocks go back at 01:00 UTC on 25 October, in the middle.
FIRST, DAYS = at("2026-10-23"), 5
LAST = at("2026-10-28")
# Some calls go on for days.
_MARGIN = 40 * 86_400
SPELT = (
    "+4930231251", "4930231251", "004930231251", "04930231251", "+442079460958", "442079460958",
    "sip:+4930231251@trunk.example.net", "sip:desk@pbx.example.com", "anna", "123", "00123", None,
)  # fmt: skip
TYPES = ("pstn", "mobile", "sip", "user", "USER", "tollfree", "PSTN", "whatsapp", None)
CURRENCY = {7: "EUR", 8: "USD", 9: "EUR"}

Sql = Callable[[str], list[tuple[Any, ...]]]


def _with(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        at_column = table.column_names.index(name)
        kind = table.schema.field(name).type
        given = values.dictionary_encode() if pa.types.is_dictionary(kind) else values
        table = table.set_column(at_column, name, given.cast(kind))
    return table


def odd(sessions: int, seed: int) -> voxframe.CallHistory:
    """Draw a history; then miss, repeat and misspell whatever the service may."""
    rng = np.random.default_rng(seed)
    made = random_tables(sessions, days=DAYS, seed=seed)
    moved = int((FIRST - at("2026-10-01")).total_seconds()) * 1_000_000

    def later(column: pa.ChunkedArray) -> pa.Array:
        moments = pa.compute.add(column.cast(pa.int64()), moved)
        return moments.cast(pa.timestamp("us", "UTC"))

    def some(values: Any, missing: float, kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=rng.random(len(values)) < missing)

    calls, size = made["calls"], len(made["calls"])
    who, what = rng.integers(0, len(SPELT), size), rng.integers(0, len(TYPES), size)
    seconds = np.where(rng.random(size) < 0.2, 0, rng.lognormal(4, 2, size)).astype(np.int64)
    ids = calls["call_session_history_id"].to_numpy()
    calls = _with(
        calls,
        start_time=later(calls["start_time"]),
        remote_number=pa.array([SPELT[each] for each in who], pa.string()),
        remote_number_type=pa.array([TYPES[each] for each in what], pa.string()),
        duration=some(seconds, 0.1, pa.int64()),
        successful=some(rng.random(size) < 0.6, 0.1, pa.bool_()),
        incoming=some(rng.random(size) < 0.5, 0.1, pa.bool_()),
        # Some calls' sessions are not in the data.
        call_session_history_id=pa.array(np.where(rng.random(size) < 0.02, 1, ids)),
    )
    accounts = some(rng.integers(7, 10, sessions), 0.1, pa.int64())
    tables = {
        "sessions": _with(made["sessions"], account_id=accounts,
                          start_date=later(made["sessions"]["start_date"])),
        "calls": calls,
        "records": _with(made["records"], start_time=later(made["records"]["start_time"])),
        "resource_usage": _with(made["resource_usage"],
                                used_at=later(made["resource_usage"]["used_at"])),
    }  # fmt: skip
    return voxframe.CallHistory(tables, voxframe.Receipt(from_date=FIRST, to_date=LAST))


def _slots() -> pa.Table:
    """Return each half hour with the hour and the day of the week on a clock in Berlin."""
    begun = range(int(FIRST.timestamp()) - _MARGIN, int(LAST.timestamp()) + _MARGIN, 1800)
    local = [datetime.fromtimestamp(each, ZoneInfo(ZONE)) for each in begun]
    return pa.table(
        {
            "slot": [each // 1800 for each in begun],
            "hour": [each.hour for each in local],
            "weekday": [f"{each:%a}" for each in local],
            "day": [int(each.replace(hour=0, minute=0, fold=0).timestamp()) for each in local],
        }
    )


VIEWS = r"""
create view s as select call_session_history_id sid, account_id,
  epoch_us(start_date) // 1000000 as begun from sessions;
create view legs as select c.*, account_id,
  coalesce(epoch_us(c.start_time) // 1000000, s.begun) as t,
  coalesce(successful, false) ok,
  case when coalesce(successful, false) then duration end secs,
  case when lower(remote_number_type) = 'user' then 'own'
    when lower(remote_number_type) = 'sip' then
      case when regexp_matches(remote_number, '^sips?:[+0-9]{7,}@') or
        regexp_full_match(remote_number, '(\+|00)?[0-9]{7,15}') then 'network' else 'own' end
    when lower(remote_number_type) in ('pstn', 'mobile', 'tollfree') then 'network'
    when regexp_matches(remote_number, '^sips?:[+0-9]{7,}@') or
      regexp_full_match(remote_number, '(\+|00)?[0-9]{7,15}') then 'network'
    else 'unknown' end side,
  case when lower(remote_number_type) = 'user' then remote_number
    when regexp_full_match(remote_number, '(\+|00)[1-9][0-9]{6,14}')
    then ltrim(replace(remote_number, '+', ''), '0') else remote_number end num
  from calls c left join s on s.sid = c.call_session_history_id;
create view net as from legs where side = 'network';
create view paid as
  select call_session_history_id sid, cost from calls
  union all select call_session_history_id, cost from records
  union all select call_session_history_id, cost from resource_usage;
"""


@pytest.fixture(scope="module", params=[1, 2])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[voxframe.CallHistory, Sql]]:
    duckdb = pytest.importorskip("duckdb")
    full = bool(request.config.getoption("--full"))
    history = odd(50_000 if full else 1_000, request.param)
    with duckdb.connect() as connection:
        for name, table in history.tables.items():
            connection.register(name, table)
        connection.register("slots", _slots())
        connection.execute(VIEWS)
        yield history, lambda query: connection.sql(query).fetchall()


def same(frame: pd.DataFrame, expected: list[tuple[Any, ...]]) -> None:
    found, wanted = sorted(rows(frame), key=repr), sorted(expected, key=repr)
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            if isinstance(one, float):
                assert one == pytest.approx(float(other), rel=1e-9)
            else:
                assert one == other


def test_cost_by_day_and_currency(both: tuple[voxframe.CallHistory, Sql]) -> None:
    history, sql = both
    labels = "case account_id when 7 then 'EUR' when 8 then 'USD' when 9 then 'EUR' end"
    days = analysis.cost_breakdown(
        history, freq="D", timezone=ZONE, by="account_id", currency=CURRENCY,
        dtype_backend="pyarrow",
    )  # fmt: skip
    known = days[days["start"].notna() & (days["total_cost"] != 0)]
    # What belongs to no session counts at its own moment, which the other view leaves out.
    known = known[known["account_id"].notna()]
    same(
        known[["start", "currency", "account_id", "total_cost"]].assign(
            start=known["start"].dt.tz_convert("UTC").astype("int64[pyarrow]") // 1_000_000
        ),
        sql(f"""select day, {labels}, account_id, sum(cost) from paid join s using (sid)
        join slots on slot = begun // 1800 where account_id is not null
        group by all having sum(cost) <> 0"""),
    )
    whole = analysis.cost_breakdown(history, currency=CURRENCY, dtype_backend="pyarrow")
    same(
        whole[["currency", "total_cost"]],
        sql(f"select {labels}, sum(cost) from paid left join s using (sid) group by 1"),
    )


@pytest.mark.parametrize("name", ["hour", "weekday"])
def test_traffic_by_the_clock(both: tuple[voxframe.CallHistory, Sql], name: str) -> None:
    history, sql = both
    frame = analysis.traffic(history, freq=None, by=name, timezone=ZONE)
    known = frame.dropna(subset=name)
    first, last = int(FIRST.timestamp()), int(LAST.timestamp())
    same(
        known[[name, "attempts", "answered", "asr", "erlangs"]],
        sql(f"""with counted as (select {name}, count(*) filter (not incoming) tried,
            count(*) filter (not incoming and ok) answered from net
            join slots on slot = t // 1800 group by 1),
          cut as (select slot, greatest(t, slot * 1800, {first}) a,
            least(t + secs, slot * 1800 + 1800, {last}) b
            from net join slots on t < slot * 1800 + 1800 and t + secs > slot * 1800),
          busy as (select {name}, sum(greatest(b - a, 0)) secs, count(*) filter (b > a) n
            from cut join slots using (slot) group by 1),
          lasts as (select {name}, count(*) * 1800 secs from slots
            where slot * 1800 >= {first} and slot * 1800 < {last} group by 1)
          select {name}, coalesce(tried, 0), coalesce(answered, 0),
            case when tried > 0 then answered / tried end,
            coalesce(busy.secs, 0) / lasts.secs
          from lasts left join counted using ({name}) left join busy using ({name})
          where tried is not null or n > 0"""),
    )


def test_numbers_that_do_not_answer(both: tuple[voxframe.CallHistory, Sql]) -> None:
    history, sql = both
    frame = analysis.unanswered_numbers(history)
    frame["last"] = frame["last"].astype("int64") // 1_000_000
    same(
        frame[["number", "dialled", "answered", "answer_rate", "end_reason_code", "last"]],
        sql("""with ends as (select num, end_reason_code code, count(*) n,
            row_number() over (partition by num order by count(*) desc, code nulls last) nth
            from net where not incoming and not ok group by 1, 2)
          select net.num, count(*), count(*) filter (ok), count(*) filter (ok) / count(*),
            any_value(code), max(t)
          from net join ends on ends.num = net.num and nth = 1
          where not incoming group by 1"""),
    )


def test_durations_by_number(both: tuple[voxframe.CallHistory, Sql]) -> None:
    history, sql = both
    frame = analysis.duration_stats(history, by=["remote_number", "direction"])
    same(
        frame[["remote_number", "direction", "calls", "total", "p50", "p95", "max"]],
        sql("""select num, case when incoming then 'in' when not incoming then 'out' end,
          count(secs), sum(secs)::bigint, quantile_cont(secs, 0.5), quantile_cont(secs, 0.95),
          max(secs)::double from net where secs is not null group by 1, 2"""),
    )


def test_what_became_of_callers(both: tuple[voxframe.CallHistory, Sql]) -> None:
    history, sql = both
    frame = analysis.inbound_outcomes(history, by=["account_id", "weekday"], timezone=ZONE)
    names = ["inbound", "person", "missed", "no_person_tried", "not_accepted"]
    found = frame[frame["inbound"] > 0][["account_id", "weekday", *names]]
    same(
        found,
        sql("""with judged as (select sid, s.account_id, begun,
            bool_or(coalesce(side = 'network' and incoming, false)) inbound,
            bool_or(coalesce(not incoming and ok, false)) person,
            bool_or(coalesce(not incoming, false)) tried, bool_or(ok) anything
            from s join legs on legs.call_session_history_id = sid group by all)
          select account_id, weekday, count(*), count(*) filter (person),
            count(*) filter (tried and not person),
            count(*) filter (not tried and anything), count(*) filter (not tried and not anything)
          from judged join slots on slot = begun // 1800 where inbound group by 1, 2"""),
    )
