"""Every figure once more, by DuckDB over Parquet: to the last digit for money."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.support.histories import rows
from voxframe import analysis

Sql = Callable[[str], list[tuple[Any, ...]]]
Tables = dict[str, pa.Table]
ZONE = "Europe/Berlin"

LINES = """(
  select call_session_history_id id, 'calls' kind, cost, call_id, null resource_type from calls
  union all
  select call_session_history_id, 'records', cost, null, null from records
  union all
  select call_session_history_id, 'resources', cost, ref_call_id, resource_type from resource_usage
)"""
SPLIT = ", ".join(
    f"coalesce(sum(l.cost) filter (l.kind = '{kind}'), 0)"
    for kind in ("calls", "records", "resources")
)
COSTS = f"{SPLIT}, coalesce(sum(l.cost), 0)"
DELIVERED = "(coalesce(successful, false) or end_reason_code in (408, 480, 486, 487, 600, 603))"
TALK = "case when successful then duration end"
NETWORK = """(case remote_number_type when 'user' then false
  when 'sip' then regexp_full_match(coalesce(regexp_extract(remote_number, '^sips?:([^@;]*)', 1),
    ''), '(\\+|00)?[0-9]{7,15}')
  when 'pstn' then true when 'mobile' then true
  else coalesce(regexp_full_match(remote_number, '(\\+|00)?[0-9]{7,15}')
    or regexp_full_match(regexp_extract(remote_number, '^sips?:([^@;]*)', 1),
      '(\\+|00)?[0-9]{7,15}'), false) end)"""
CALLS = """(select c.* exclude (direction)
  replace (coalesce(c.start_time, s.start_date) as start_time),
  s.application_name,
  case when incoming then 'in' when not incoming then 'out' end direction
  from calls c join sessions s using (call_session_history_id))"""


def same(frame: pd.DataFrame, expected: list[tuple[Any, ...]]) -> None:
    """Compare as sets of rows: exactly but for floats, which may differ in the last bits."""
    found = sorted(rows(frame), key=repr)
    wanted = sorted(expected, key=repr)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            if isinstance(mine, float):
                assert mine == pytest.approx(float(theirs), rel=1e-12)
            else:
                assert mine == theirs


def test_session_totals(many: Tables, sql: Sql) -> None:
    frame = analysis.session_totals(many, dtype_backend="pyarrow")
    counts = ["calls_in", "calls_out", "answered_in", "answered_out", "answered_legs"]
    own = ["call_session_history_id", *counts, "first_answer", "leg_seconds"]
    same(
        frame[own],
        sql(
            f"""
        select s.call_session_history_id,
          count(*) filter (incoming), count(*) filter (not incoming),
          count(*) filter (incoming and successful), count(*) filter (not incoming and successful),
          count(*) filter (successful),
          min(coalesce(start_time, start_date)) filter (successful and not incoming),
          coalesce(sum({TALK}), 0)
        from sessions s left join calls c using (call_session_history_id) group by 1
        """.replace("then duration", "then c.duration")
        ),
    )
    costs = ["calls_cost", "records_cost", "resources_cost", "total_cost"]
    same(
        frame[["call_session_history_id", *costs]],
        sql(f"""select s.call_session_history_id, {COSTS}
        from sessions s left join {LINES} l on l.id = s.call_session_history_id group by 1"""),
    )
    assert frame["call_session_history_id"].tolist() == [
        i for (i,) in sql("select call_session_history_id from sessions order by start_date, 1")
    ]


def test_talk_is_when_a_customer_and_one_of_us_are_connected(many: Tables, sql: Sql) -> None:
    frame = analysis.session_totals(many)
    expected = sql(f"""
      with legs as (
        select call_session_history_id id, start_time a, start_time + {TALK} b, incoming,
          successful, {NETWORK} network, coalesce(remote_number_type in ('user', 'sip'), false)
            and not {NETWORK} own,
          coalesce(bool_or({NETWORK} and incoming) over (partition by call_session_history_id),
            false) inbound from {CALLS}),
      sides as (select *, own or (network and inbound and not coalesce(incoming, true)) ours
        from legs where b > a),
      seconds as (select id, ours, unnest(range(a, b)) s from sides where ours or network)
      select id, count(*) from (select id, s from seconds group by id, s
        having bool_or(ours) and bool_or(not ours))
      group by id
    """)
    talked = frame[frame["talk_seconds"] > 0]
    same(talked[["call_session_history_id", "talk_seconds"]], expected)
    assert len(expected) > 100


def test_the_whole_cost(many: Tables, sql: Sql) -> None:
    same(
        analysis.cost_breakdown(many, dtype_backend="pyarrow"),
        sql(f"select {COSTS} from {LINES} l"),
    )


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_cost_over_time(many: Tables, sql: Sql, unit: str) -> None:
    freq = {"hour": "h", "day": "D", "week": "W", "month": "M"}[unit]
    frame = analysis.cost_breakdown(many, freq=freq, timezone=ZONE, dtype_backend="pyarrow")
    same(
        frame[(frame["total_cost"] != 0) | (unit != "hour")].drop(columns="partial"),
        sql(f"""select clock.{unit}, {COSTS} from {LINES} l
        join sessions s on l.id = s.call_session_history_id
        join clock on clock.hour = start_date // 3600 * 3600 group by 1"""),
    )


def test_cost_by_columns_of_every_table(many: Tables, sql: Sql) -> None:
    by = ["application_name", "remote_number_type", "direction", "resource_type", "kind"]
    frame = analysis.cost_breakdown(many, by=by, freq="M", timezone=ZONE, dtype_backend="pyarrow")
    same(
        frame.drop(columns="partial"),
        sql(f"""select clock.month, application_name, remote_number_type,
        case when kind = 'calls' or c.call_id is not null
          then case when incoming then 'in' when not incoming then 'out' end
          else o.direction end, resource_type, kind, {COSTS}
        from {LINES} l join sessions s on l.id = s.call_session_history_id
        join clock on clock.hour = start_date // 3600 * 3600
        left join calls c on c.call_id = l.call_id
        left join (select call_session_history_id id,
          case when bool_or(incoming) then 'in' when bool_or(not incoming) then 'out' end direction
          from calls where {NETWORK} group by 1) o on o.id = l.id
        group by all"""),
    )
    assert (
        frame["total_cost"].sum()
        == analysis.cost_breakdown(many, dtype_backend="pyarrow")["total_cost"].item()
    )


@pytest.mark.parametrize("by", [[], ["application_name", "direction"]])
def test_traffic(many: Tables, sql: Sql, by: list[str]) -> None:
    frame = analysis.traffic(many, freq="D", by=by, timezone=ZONE, dtype_backend="pyarrow")
    names = ["legs", "attempts", "answered", "asr", "ner", "acd", "arrived", "accepted", "acd_in"]
    names += ["connected_minutes", "cost", "unpriced", "failed_cost"]
    keys = ", ".join(["clock.day", *by])
    out, inside = "not incoming", "incoming"
    same(
        frame.loc[frame["legs"] > 0, ["start", *by, *names]],
        sql(f"""select {keys}, count(*), count(*) filter ({out}),
        count(*) filter ({out} and successful),
        count(*) filter ({out} and successful) / nullif(count(*) filter ({out}), 0),
        count(*) filter ({out} and {DELIVERED}) / nullif(count(*) filter ({out}), 0),
        avg({TALK}) filter ({out}), count(*) filter ({inside}),
        count(*) filter ({inside} and successful), avg({TALK}) filter ({inside}),
        coalesce(sum({TALK}), 0) / 60, coalesce(sum(cost), 0),
        count(*) filter (successful and cost is null),
        coalesce(sum(cost) filter (not coalesce(successful, false)), 0)
        from {CALLS} join clock on clock.hour = start_time // 3600 * 3600
        where {NETWORK} group by all"""),
    )


@pytest.mark.parametrize("by", [[], ["direction"]])
def test_erlangs(many: Tables, sql: Sql, by: list[str]) -> None:
    frame = analysis.traffic(many, freq="15min", by=by, timezone=ZONE, side=None)
    busy = frame[frame["erlangs"] > 0]
    expected = sql(f"""
      with legs as (select start_time a, {TALK} n, direction from {CALLS}
        where {TALK} > 0),
      seconds as (select direction, unnest(range(a, a + n)) s from legs)
      select s // 900 * 900, {"direction," if by else ""} count(*) / 900
      from seconds group by all
    """)
    same(busy[["start", *by, "erlangs"]], expected)


def test_concurrency(many: Tables, sql: Sql) -> None:
    frame = analysis.concurrency(many, freq="h", side=None)
    expected = sql(f"""
      with legs as (select start_time a, {TALK} n from {CALLS} where {TALK} > 0),
      seconds as (select s, count(*) calls from (select unnest(range(a, a + n)) s from legs)
        group by s)
      select s // 3600 * 3600, max(calls), arg_max(s, (calls, -s)),
        sum(calls)::bigint / 3600
      from seconds group by 1
    """)
    same(frame[frame["peak"] > 0].drop(columns="partial"), expected)


def test_the_curve_and_the_busy_hour(many: Tables, sql: Sql) -> None:
    steps = analysis.concurrency(many, freq=None, side=None)
    begun = steps["start"].astype("int64") // 1_000_000
    held = (begun.diff().shift(-1).fillna(0) * steps["calls"]).sum()
    ((whole,),) = sql(f"select sum({TALK})::bigint from {CALLS}")
    assert held == whole
    assert steps["calls"].iloc[-1] == 0
    assert (steps["calls"].diff().fillna(1) != 0).all()

    hours = analysis.busy_hour(many, side=None)
    expected = sql(f"""
      with legs as (select start_time a, {TALK} n from {CALLS} where {TALK} > 0),
      minutes as (select s // 60 m, count(*) n from (select unnest(range(a, a + n)) s from legs)
        group by 1),
      hours as (select m, m // 1440 d, sum(n) over (order by m range between current row
        and 59 following) n from (select coalesce(a.m, b.m) m, coalesce(n, 0) n
          from (select unnest(range((select min(m) // 1440 * 1440 from minutes),
            (select (max(m) // 1440 + 1) * 1440 from minutes))) m) b left join minutes a using (m)))
      select d * 86400, arg_max(m, (n, -m)) * 60, max(n)::bigint / 3600
      from hours where m % 1440 <= 1380 group by d
    """)
    same(hours[["day", "start", "erlangs"]], expected)


def test_durations(many: Tables, sql: Sql) -> None:
    frame = analysis.duration_stats(many, by="application_name")
    same(
        frame,
        sql(f"""select application_name, count({TALK}), sum({TALK})::bigint, avg({TALK}),
        min({TALK})::double, quantile_cont({TALK}, 0.5), quantile_cont({TALK}, 0.9),
        quantile_cont({TALK}, 0.95), quantile_cont({TALK}, 0.99), max({TALK})::double
        from {CALLS} where {NETWORK} group by 1"""),
    )
    bars = analysis.duration_histogram(many, edges=[0, 60, 300])
    same(
        bars[["from_seconds", "calls"]],
        sql(f"""select case when {TALK} < 60 then 0 when {TALK} < 300 then 60 else 300 end,
        count(*) from {CALLS} where {TALK} is not null and {NETWORK} group by 1"""),
    )
    assert bars["share"].sum() == pytest.approx(1)


def test_reasons(many: Tables, sql: Sql) -> None:
    ends = analysis.end_reasons(many, by="application_name")
    same(
        ends[["application_name", "end_reason_code", "delivered", "calls", "share"]],
        sql(f"""with ends as (select application_name, end_reason_code,
          coalesce({DELIVERED}, false) delivered, count(*) calls
          from {CALLS} where not coalesce(successful, false) and {NETWORK} group by all)
        select *, calls / sum(calls) over (partition by application_name) from ends"""),
    )
    finishes = analysis.finish_reasons(many, by="rule_name")
    same(
        finishes[["rule_name", "finish_reason", "failed", "sessions", "share"]],
        sql("""with ends as (select rule_name, finish_reason,
          finish_reason <> 'Normal termination' failed, count(*) n from sessions group by all)
        select *, n / sum(n) over (partition by rule_name) from ends"""),
    )


JUDGED = f"""(
  select s.call_session_history_id id, application_name, s.start_date,
    count(*) filter ({NETWORK} and incoming) > 0 inbound,
    bool_or(not incoming and successful) person,
    count(*) filter (not incoming) > 0 tried, bool_or(successful) anything,
    min(coalesce(start_time, s.start_date)) filter ({NETWORK} and incoming) caller_start,
    min(coalesce(start_time, s.start_date)) filter (not incoming and successful) answer_start,
    count(*) filter (incoming and successful) legs_in,
    count(*) filter (not incoming and successful) legs_out
  from sessions s join calls c using (call_session_history_id) group by all)"""


def test_inbound_outcomes(many: Tables, sql: Sql) -> None:
    names = ("person", "missed", "no person tried", "not accepted")
    what = """case when person then 'person' when tried then 'missed'
      when anything then 'no person tried' else 'not accepted' end"""
    counts = ", ".join(f"count(*) filter ({what} = '{name}')" for name in names)
    frame = analysis.inbound_outcomes(many, by="application_name")
    same(
        frame[["application_name", "inbound", *(name.replace(" ", "_") for name in names)]],
        sql(f"select application_name, count(*), {counts} from {JUDGED} where inbound group by 1"),
    )
    for outcome in names:
        listed = analysis.missed(many, outcome=outcome)
        expected = sql(f"select id from {JUDGED} where inbound and {what} = '{outcome}'")
        same(listed[["call_session_history_id"]], expected)
        assert len(expected) > 100


def test_service_level(many: Tables, sql: Sql) -> None:
    # Drawn at random: legs end at any time, so starts are taken for dials.
    assert analysis.leg_clock(many)["reading"].tolist() == ["connected", "dial", "answer"]
    frame = analysis.service_level(many, seconds=30, by="application_name")
    answers = """(select call_session_history_id id,
      arg_min(case when successful then coalesce(c.duration, -1) end,
        (coalesce(start_time, s.start_date), call_id)) n
      from calls c join sessions s using (call_session_history_id)
      where not incoming and successful group by 1)"""
    heard = """(select call_session_history_id id,
      arg_min(case when successful then coalesce(c.duration, -1) else -1 end,
        (coalesce(start_time, s.start_date), call_id)) n
      from calls c join sessions s using (call_session_history_id)
      where incoming and NETWORK group by 1)""".replace("NETWORK", NETWORK)
    waits = f"""(select j.*, answer_start - start_date seen,
      case when a.n >= 0 and h.n >= 0 then caller_start + h.n - a.n - start_date end joined,
      case when h.n >= 0 then caller_start + h.n - start_date end held
      from {JUDGED} j left join {answers} a using (id) left join {heard} h using (id)
      where inbound)"""
    bounds = f"""(select *, case when legs_in = 1 and legs_out = 1 and joined >= seen then joined
      else seen end low, case when joined is not null then
      greatest(joined, seen) end high from {waits})"""
    names = ["offered", "answered", "answered_within", "abandoned", "abandoned_within"]
    names += ["service_level_low", "service_level_high", "time_to_abandon"]
    names += ["speed_of_answer_low", "speed_of_answer_high", "wait_p90_low", "wait_p90_high"]
    same(
        frame[["application_name", *names]],
        sql(f"""select application_name, count(*) filter (person or tried),
        count(*) filter (person), count(*) filter (person and high <= 30),
        count(*) filter (tried and not coalesce(person, false)),
        count(*) filter (tried and not coalesce(person, false) and held <= 30),
        count(*) filter (person and high <= 30) / count(*) filter (person or tried),
        count(*) filter (person and low <= 30) / count(*) filter (person or tried),
        avg(held) filter (tried and not coalesce(person, false)),
        avg(greatest(low, 0)) filter (high is not null),
        avg(greatest(high, 0)) filter (high is not null),
        quantile_cont(greatest(low, 0), 0.9) filter (high is not null),
        quantile_cont(greatest(high, 0), 0.9) filter (high is not null)
        from {bounds} group by 1"""),
    )
