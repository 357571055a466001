"""The demo month as a telephone person means it: our functions, and SQL over the same rows."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import voxframe
from voxframe import analysis
from voxframe.emulator import Emulator, World

FROM, TO = "2026-10-01", "2026-11-01"

VIEWS = r"""
CREATE MACRO sip_user(x) AS regexp_extract(x, '^sips?:([^@;]*)', 1);
CREATE MACRO norm(x) AS regexp_replace(CASE WHEN x LIKE 'sip%' THEN sip_user(x) ELSE x END,
  '^(\+|00)', '');
CREATE VIEW legs AS SELECT *, CASE WHEN remote_number_type = 'user' THEN 'own'
  WHEN remote_number_type = 'sip' THEN CASE
    WHEN regexp_full_match(sip_user(remote_number), '(\+|00)?[0-9]{7,15}') THEN 'network'
    ELSE 'own' END
  ELSE 'network' END AS side,
  coalesce(end_reason_code IN (486, 600, 480, 408, 487, 603, 606, 607), false) AS eff FROM calls;
CREATE VIEW x AS SELECT epoch(start_time)::BIGINT AS s, epoch(start_time)::BIGINT + duration AS e
  FROM legs WHERE side = 'network' AND successful AND duration > 0;
CREATE VIEW s AS SELECT call_session_history_id AS sid,
  count(*) FILTER (side = 'network' AND incoming) AS net_in,
  count(*) FILTER (side = 'network' AND NOT incoming) AS net_out,
  count(*) FILTER (side = 'own') AS own, count(*) FILTER (NOT incoming) AS tried,
  min(start_time) FILTER (side = 'network' AND incoming) AS arrived,
  min(start_time) FILTER (NOT incoming AND successful) AS person_at,
  arg_min(duration, start_time) FILTER (side = 'network' AND incoming) AS caller_s,
  norm(arg_min(remote_number, start_time) FILTER (side = 'network' AND incoming)) AS num
  FROM legs GROUP BY 1;
CREATE VIEW inb AS SELECT *, epoch(arrived)::BIGINT AS t,
  epoch(arrived)::BIGINT + coalesce(caller_s, 0) AS te FROM s WHERE net_in > 0;
CREATE VIEW outn AS SELECT call_session_history_id AS sid, norm(remote_number) AS num,
  epoch(start_time)::BIGINT AS t, successful AS ok FROM legs
  WHERE side = 'network' AND NOT incoming;
CREATE VIEW price AS SELECT call_session_history_id AS sid,
  sum((cost::DECIMAL(38, 9) * 1000000000::DECIMAL(18, 0))::HUGEINT) AS nano FROM (
    SELECT call_session_history_id, cost FROM calls
    UNION ALL SELECT call_session_history_id, cost FROM records
    UNION ALL SELECT call_session_history_id, cost FROM resource_usage) GROUP BY 1;
CREATE VIEW g AS SELECT call_session_history_id AS sid, remote_number AS agent,
  sum(coalesce(duration, 0)) AS secs, min(start_time) AS f
  FROM legs WHERE side = 'own' AND successful GROUP BY ALL;
"""


@pytest.fixture(scope="module")
def month() -> voxframe.CallHistory:
    with Emulator(World(sessions=20_000, start=FROM, end=TO, seed=0)) as account:
        return voxframe.read_call_history(
            FROM, TO, credentials=account.credentials, base_url=account.base_url, progress=False
        )


@pytest.fixture(scope="module")
def sql(month: voxframe.CallHistory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    duckdb = pytest.importorskip("duckdb")
    folder: Path = tmp_path_factory.mktemp("month")
    month.to_parquet(folder)
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        for name in ("sessions", "calls", "records", "resource_usage"):
            connection.execute(f"CREATE VIEW {name} AS FROM '{folder / name}.parquet'")
        connection.execute(VIEWS)
        yield lambda query: connection.sql(query).fetchall()


def one(frame: Any, *names: str) -> tuple[Any, ...]:
    (line,) = frame[list(names)].itertuples(index=False, name=None)
    return line


def close(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert found == pytest.approx(tuple(float(each) for each in expected), rel=1e-12)


def test_calls_to_the_network(month: voxframe.CallHistory, sql: Any) -> None:
    names = ("attempts", "answered", "asr", "ner", "acd", "arrived", "acd_in", "connected_minutes")
    line = one(analysis.traffic(month, freq=None), *names)
    (expected,) = sql(
        """SELECT count(*) FILTER (NOT incoming), count(*) FILTER (NOT incoming AND successful),
        count(*) FILTER (NOT incoming AND successful) / count(*) FILTER (NOT incoming),
        count(*) FILTER (NOT incoming AND (successful OR eff)) / count(*) FILTER (NOT incoming),
        avg(duration) FILTER (NOT incoming AND successful), count(*) FILTER (incoming),
        avg(duration) FILTER (incoming AND successful), sum(duration) FILTER (successful) / 60
        FROM legs WHERE side = 'network'"""
    )
    close(line, expected)
    assert line[:2] == (9180, 4494)
    assert [round(each, 3) for each in line[2:4]] == [0.49, 0.902]
    assert [round(line[4], 1), line[5], round(line[6], 1)] == [190.4, 11142, 260.5]
    assert round(line[7], 1) == 62641.5
    kinds = analysis.traffic(month, freq=None, by="session_kind").set_index("session_kind")["asr"]
    assert round(kinds["outbound by a person"], 3) == 0.429
    assert round(kinds["outbound by the script"], 3) == 0.525
    ways = analysis.traffic(month, freq=None, by="direction").set_index("direction")
    assert ways["cost_per_minute"].round(6).to_dict() == {"out": 0.020998, "in": 0.006126}


def test_lines_and_busy_hours(month: voxframe.CallHistory, sql: Any) -> None:
    peak = analysis.concurrency(month, freq="M").iloc[0]
    (expected,) = sql(
        """WITH ev AS (SELECT s AS t, 1 AS d FROM x UNION ALL SELECT e, -1 FROM x),
        st AS (SELECT t, sum(sum(d)) OVER (ORDER BY t) AS n FROM ev GROUP BY t)
        SELECT max(n), arg_min(t, (-n, t)) FROM st"""
    )
    assert (peak["peak"], int(peak["peak_at"].timestamp())) == expected
    assert (peak["peak"], str(peak["peak_at"])) == (13, "2026-10-12 15:40:55+00:00")
    loads = analysis.peak_load(month)
    assert loads["erlangs"].round(3).tolist() == [7.18, 5.168, 3.857]
    assert loads["lines"].tolist() == [14, 12, 10]
    assert loads["clock"].fillna("").tolist() == ["17:19", "", "10:34"]
    assert round(analysis.peak_load(month, days=None)["erlangs"].iloc[1], 3) == 4.305
    # The evening of 30 September there is no working day of October.
    there = analysis.peak_load(month, timezone="America/New_York")
    assert there["days"].tolist() == [1, 22, 22]
    assert there["lines"].tolist()[1] == 12
    (busy,) = sql(
        """WITH m AS (SELECT dd, dd + i * 60 AS h
          FROM (SELECT DISTINCT (s // 86400) * 86400 AS dd FROM x), range(0, 1381) r(i)),
        b AS (SELECT dd, h, sum(least(e, h + 3600) - greatest(s, h)) AS busy
          FROM m JOIN x ON s < h + 3600 AND e > h GROUP BY ALL),
        d AS (SELECT dd, max(busy) / 3600 AS erl FROM b GROUP BY dd)
        SELECT max(erl), avg(erl) FROM d"""
    )
    hours = analysis.busy_hour(month)["erlangs"]
    close((hours.max(), hours.mean()), busy)


def test_what_became_of_those_who_called_in(month: voxframe.CallHistory, sql: Any) -> None:
    names = ("inbound", "offered", "person", "missed", "no_person_tried", "not_accepted")
    line = one(analysis.inbound_outcomes(month), *names)
    assert line == (11142, 9890, 7056, 2834, 1252, 0)
    (expected,) = sql(
        """SELECT count(*), count(*) FILTER (tried > 0), count(person_at),
        count(*) FILTER (tried > 0 AND person_at IS NULL), count(*) FILTER (tried = 0), 0
        FROM inb"""
    )
    assert line == expected
    assert analysis.inbound_outcomes(month)["forwarded"].item() == 254
    by = analysis.inbound_outcomes(month, by="application_name").set_index("application_name")
    assert tuple(by.loc["sales-dialer", ["missed", "inbound"]]) == (0, 138)


def test_how_soon_a_person_answered(month: voxframe.CallHistory, sql: Any) -> None:
    assert analysis.leg_clock(month)["reading"].tolist() == ["connected", "answer", "arrival"]
    (expected,) = sql(
        """SELECT count(*) FILTER (epoch(person_at) - epoch(arrived) <= 20),
        avg(epoch(person_at) - epoch(arrived)), median(epoch(person_at) - epoch(arrived)),
        count(*) FILTER (tried > 0 AND person_at IS NULL AND caller_s <= 20),
        avg(caller_s) FILTER (tried > 0 AND person_at IS NULL) FROM inb"""
    )
    names = ("answered_within", "speed_of_answer", "wait_median", "abandoned_within")
    line = one(analysis.service_level(month), *names, "time_to_abandon")
    close(line, expected)
    assert line[0] == 2563
    assert [round(each, 1) for each in line[1:3]] == [59.6, 27.0]
    assert round(line[4], 1) == 65.9
    levels = {
        method: round(analysis.service_level(month, method=method)["service_level"].item(), 3)
        for method in ("offered", "abandons excluded", "abandons included", "answered")
    }
    assert list(levels.values()) == [0.259, 0.264, 0.276, 0.363]
    more = analysis.service_level(month, short=10).iloc[0]
    assert more["offered"] == 9890 - 27
    whole = analysis.service_level(month).iloc[0]
    assert (whole["wait_p90"], whole["time_to_abandon_median"]) == (157, 56)
    assert round(whole["abandonment_rate"], 3) == 0.287


def test_who_was_called_back(month: voxframe.CallHistory, sql: Any) -> None:
    after = "o.num = m.num AND o.sid <> m.sid AND o.t BETWEEN m.te AND m.te + 3600"
    (expected,) = sql(
        f"""SELECT count(*), count(*) FILTER (EXISTS (FROM outn o WHERE {after})),
        count(*) FILTER (EXISTS (FROM outn o WHERE o.ok AND {after})),
        count(*) FILTER (EXISTS (FROM inb o WHERE {after}))
        FROM inb m WHERE tried > 0 AND person_at IS NULL"""
    )
    names = ("missed", "dialled", "reached", "called_again")
    assert one(analysis.called_back(month), *names) == expected == (2834, 27, 14, 23)
    listed = analysis.missed(month)
    assert (listed["dialled"].sum(), listed["reached"].sum()) == (27, 14)


def test_who_called_again(month: voxframe.CallHistory, sql: Any) -> None:
    line = one(
        analysis.repeat_callers(month), "calls", "callers", "repeats", "handled", "enough"
    )  # fmt: skip
    (expected,) = sql(
        """WITH c AS (SELECT *, lag(t) OVER (PARTITION BY num ORDER BY t, sid) AS before,
          lead(t) OVER (PARTITION BY num ORDER BY t, sid) AS after FROM inb)
        SELECT count(*), count(DISTINCT num), count(*) FILTER (t - before <= 604800),
        count(*) FILTER (person_at IS NOT NULL AND arrived < '2026-10-25'),
        count(*) FILTER (person_at IS NOT NULL AND arrived < '2026-10-25'
          AND coalesce(after - t > 604800, true)) FROM c"""
    )
    assert line == expected
    assert (line[1], line[3]) == (6855, 5441)
    shares = one(analysis.repeat_callers(month), "repeat_share", "enough_share")
    assert [round(share, 3) for share in shares] == [0.242, 0.738]


def test_agents(month: voxframe.CallHistory) -> None:
    frame = analysis.agents(month)
    names = ["offered", "answered", "not_answered", "taken_by_another", "elsewhere"]
    assert [len(frame), *frame[names].sum()] == [48, 12878, 8051, 4827, 1993, 369]
    parts = frame[["answered", "offline", "elsewhere", "missed"]].sum(axis=1)
    assert (parts == frame["offered"]).all()


LONGEST = """SELECT coalesce(agent, '(nobody)'), sum(nano) FROM (
  SELECT *, row_number() OVER (PARTITION BY sid ORDER BY secs DESC, f, agent) AS rn
  FROM price LEFT JOIN g USING (sid)) WHERE rn = 1 GROUP BY 1"""
SHARE = """WITH t AS (SELECT *, sum(secs) OVER (PARTITION BY sid) AS tot,
    count(*) OVER (PARTITION BY sid) AS k FROM g JOIN price USING (sid)),
  w AS (SELECT *, CASE WHEN tot > 0 THEN nano * secs // tot ELSE nano // k END AS fl,
    CASE WHEN tot > 0 THEN nano * secs % tot ELSE 0 END AS rem FROM t),
  r AS (SELECT *, nano - sum(fl) OVER (PARTITION BY sid) AS lack,
    row_number() OVER (PARTITION BY sid ORDER BY rem DESC, f, agent) AS rn FROM w)
  SELECT agent, sum(fl + (rn <= lack)::INT) FROM r GROUP BY 1
  UNION ALL SELECT '(nobody)', sum(nano) FROM price ANTI JOIN g USING (sid)"""


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("longest", LONGEST, ["30.946782748", "28.769760610", "159.551631696"]),
        ("share", SHARE, ["25.551289134", "27.092434260", "159.551631696"]),
    ],
)
def test_cost_by_agent(
    month: voxframe.CallHistory, sql: Any, method: str, query: str, expected: list[str]
) -> None:
    frame = analysis.cost_by_agent(month, method=method, dtype_backend="pyarrow")
    found = frame.set_index("agent")["cost"]
    assert {agent: int(cost.scaleb(9)) for agent, cost in found.items()} == {
        agent: int(nano) for agent, nano in sql(query)
    }
    names = ["agent11", "sip:desk42@pbx.example.com", "(nobody)"]
    assert [str(found[name]) for name in names] == expected
    assert frame.set_index("agent")["sessions"]["(nobody)"] == 7751
    assert found.sum() == Decimal("1252.894713465")


def test_cost_by_caller(month: voxframe.CallHistory, sql: Any) -> None:
    frame = analysis.cost_by_caller(month, dtype_backend="pyarrow")
    expected = sql(
        """SELECT coalesce(inb.num, o.num), sum(nano), count(*) FROM price
        FULL JOIN (SELECT call_session_history_id AS sid FROM sessions) USING (sid)
        LEFT JOIN inb USING (sid)
        LEFT JOIN (SELECT sid, arg_min(num, t) AS num FROM outn GROUP BY 1) o USING (sid)
        GROUP BY 1"""
    )
    assert len(frame) == len(expected)
    assert frame["cost"].sum() == Decimal("1252.894713465")
    assert frame["sessions"].sum() == 20_000
    numbered = frame.dropna(subset="number")
    lines = zip(numbered["number"], numbered["cost"], numbered["sessions"], strict=True)
    assert {(number, int(cost.scaleb(9)), sessions) for number, cost, sessions in lines} == {
        (number, int(nano or 0), sessions) for number, nano, sessions in expected if number
    }


def test_kinds_of_session(month: voxframe.CallHistory, sql: Any) -> None:
    frame = analysis.cost_breakdown(month, by="session_kind", dtype_backend="pyarrow")
    found = frame.set_index("session_kind")["total_cost"].to_dict()
    assert {kind: str(cost) for kind, cost in found.items()} == {
        "inbound": "913.066261048",
        "outbound by a person": "218.324424929",
        "outbound by the script": "65.613566166",
        "internal": "55.833821322",
        "no legs": "0.056640000",
    }
    sessions = analysis.finish_reasons(month, by="session_kind")
    counted = sessions.groupby("session_kind", observed=True)["sessions"].sum().to_dict()
    (expected,) = sql(
        """SELECT count(*) FILTER (net_in > 0),
        count(*) FILTER (net_in = 0 AND net_out > 0 AND own > 0),
        count(*) FILTER (net_in = 0 AND net_out > 0 AND own = 0),
        count(*) FILTER (net_in = 0 AND net_out = 0 AND own > 0),
        (SELECT count(*) FROM sessions) - count(*) FROM s"""
    )
    assert tuple(counted[kind] for kind in found) == expected == (11142, 4658, 3547, 535, 118)


def test_accounts_are_not_added_up_in_silence(month: voxframe.CallHistory) -> None:
    frame = analysis.cost_breakdown(month, dtype_backend="pyarrow")
    assert frame["total_cost"].item() == Decimal("1252.894713465")
    assert frame.attrs["note"] == (
        "Prices of 3 accounts are added up as if they were in one currency (4203771: 1,073.13, "
        "4203901: 129.19, 4203944: 50.58). Name it with currency='EUR', or with "
        "currency={4203771: 'EUR', ...}, a label for each account, where they differ."
    )
    assert "note" not in analysis.cost_breakdown(month, by="account_id").attrs
