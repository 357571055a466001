"""A workbook holds what the tables hold, and Excel cannot take a text for a formula."""

import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

import voxframe
from tests.support.exact import FROM, TO
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe.emulator import Emulator, World
from voxframe.errors import ExportError

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")


@pytest.fixture(scope="module")
def history() -> voxframe.CallHistory:
    world = World(sessions=300, start=FROM, end=TO, seed=5)
    with Emulator(world) as emulator:
        return voxframe.read_call_history(
            FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url
        )


def of(**rows: list[dict[str, Any]]) -> voxframe.CallHistory:
    tables = {
        name: pa.Table.from_pylist(rows.get(name, []), schema=schema)
        for name, schema in SCHEMAS.items()
    }
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    return voxframe.CallHistory(tables, Receipt(from_date=moment, to_date=moment))


def cells(path: Path, sheet: str) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book[sheet].iter_rows()]


def test_every_row_and_value_is_there(history: voxframe.CallHistory, tmp_path: Path) -> None:
    history.to_excel(tmp_path / "october.xlsx", timezone="Europe/Berlin")
    titles = {"sessions": "Sessions", "calls": "Calls (legs)", "records": "Records",
              "resource_usage": "Other resources"}  # fmt: skip
    zone = ZoneInfo("Europe/Berlin")
    for name, table in history.tables.items():
        head, *rows = cells(tmp_path / "october.xlsx", titles[name])
        assert head == table.column_names
        assert len(rows) == len(table)
        for mine, theirs in zip(rows, table.to_pylist(), strict=True):
            for column, value in zip(head, mine, strict=True):
                wanted = theirs[column]
                if isinstance(wanted, datetime):
                    wanted = wanted.astimezone(zone).replace(tzinfo=None)
                elif isinstance(wanted, date):
                    wanted = datetime(wanted.year, wanted.month, wanted.day)
                elif isinstance(wanted, Decimal):
                    wanted = float(wanted)
                assert value == wanted, (name, column)


def test_costs_add_up_to_the_last_digit(history: voxframe.CallHistory, tmp_path: Path) -> None:
    history.to_excel(tmp_path / "october.xlsx")
    summary = {row[0]: row[1] for row in cells(tmp_path / "october.xlsx", "Summary")}
    costs = [c for n in ("calls", "records", "resource_usage")
             for c in history.tables[n]["cost"].to_pylist() if c is not None]  # fmt: skip
    assert Decimal(summary["Cost, total, exact"]) == sum(costs)
    assert summary["Cost, total"] == float(sum(costs))
    assert summary["Sessions"] == 300
    assert summary["Calls (legs)"] == len(history.tables["calls"])
    accounts = [v for k, v in summary.items() if k and k.startswith("Cost, account ")]
    assert len(accounts) == 3
    assert sum(accounts) == pytest.approx(float(sum(costs)))
    begin = history.receipt.from_date.replace(tzinfo=None)
    assert (summary["From"], summary["Dates and times in"]) == (begin, "UTC")
    history.to_excel(tmp_path / "october.xlsx", timezone="America/New_York")
    summary = {row[0]: row[1] for row in cells(tmp_path / "october.xlsx", "Summary")}
    assert summary["From"] == begin - timedelta(hours=4)


def test_text_stays_text_and_long_ids_keep_their_digits(tmp_path: Path) -> None:
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    session = {"call_session_history_id": 2**53 + 1, "start_date": moment}
    call = {"call_session_history_id": 2**53 + 1, "call_id": 7, "cost": Decimal("0.000000001")}
    words = {"remote_number": "+442079460958", "custom_data": "=1+1", "local_number": "007"}
    link = {"record_url": "https://example.com/a", "start_time": datetime(1, 1, 1, tzinfo=UTC)}
    of(sessions=[session], calls=[{**call, **words, **link}]).to_excel(tmp_path / "one.xlsx")
    head, row = cells(tmp_path / "one.xlsx", "Calls (legs)")
    found = dict(zip(head, row, strict=True))
    assert found["call_session_history_id"] == str(2**53 + 1)
    assert {name: found[name] for name in words} == words
    assert found["start_time"] == "0001-01-01 00:00:00"
    assert found["cost"] == 1e-9
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    types = {cell.data_type for cell in book["Calls (legs)"][2] if cell.value is not None}
    assert "f" not in types
    assert book["Calls (legs)"].freeze_panes == "A2"


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    receipt = Receipt(from_date=moment, to_date=moment, with_records=False)
    history = voxframe.CallHistory(of().tables, receipt)
    history.to_excel(tmp_path / "empty.xlsx")
    summary = {row[0]: row[1] for row in cells(tmp_path / "empty.xlsx", "Summary")}
    assert summary["Cost, records"] == summary["Cost, total"] == "not read"
    assert summary["Cost, calls (legs)"] == 0


def test_prices_of_several_accounts_are_said_to_be_one_sum(tmp_path: Path) -> None:
    sessions = [{"call_session_history_id": each, "account_id": each // 2} for each in range(4)]
    prices = ((0, "0.5"), (1, "1"), (3, "2"))
    calls = [{"call_session_history_id": each, "cost": Decimal(cost)} for each, cost in prices]
    for rows, said in ((sessions, "Prices of 2 accounts (0, 1) are added up as if they were in "),
                       (sessions[:2], "the account's")):  # fmt: skip
        of(sessions=rows, calls=calls).to_excel(tmp_path / "book.xlsx")
        summary = {row[0]: row[1] for row in cells(tmp_path / "book.xlsx", "Summary")}
        assert summary["Currency"].startswith(said)
        if len(rows) > 2:
            assert (summary["Cost, account 0"], summary["Cost, account 1"]) == (1.5, 2)
        assert ("currency=" in summary["Currency"]) == (len(rows) > 2)


def test_the_summary_can_be_read(tmp_path: Path) -> None:
    sessions = [{"call_session_history_id": each, "account_id": each} for each in range(3)]
    calls = [{"call_session_history_id": 1, "cost": Decimal("1234.000000001")}]
    of(sessions=sessions, calls=calls).to_excel(tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["Summary"]
    rows = {row[0].value: row[1] for row in sheet.iter_rows()}
    said = rows["Currency"]
    assert said.alignment.wrap_text
    lines = len(said.value) / sheet.column_dimensions["B"].width
    assert sheet.row_dimensions[said.row].height >= 15 * lines
    assert (rows["Sessions"].value, rows["Sessions"].number_format) == (3, "#,##0")
    cost = rows["Cost, total"]
    assert (cost.value, cost.number_format) == (1234.000000001, "#,##0.00#######")
    assert rows["Cost, total, exact"].value == "1234.000000001"


def test_only_its_own_file_is_replaced_and_only_as_a_whole(
    history: voxframe.CallHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.xlsx"
    of().to_excel(path)
    history.to_excel(path)
    assert len(cells(path, "Sessions")) == 301
    for name, content in (("text.xlsx", b"mine"), ("empty.xlsx", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ExportError, match="was not written by voxframe"):
            history.to_excel(tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    with pytest.raises(ExportError, match="was not written by voxframe"):
        history.to_excel(tmp_path / "other.xlsx")
    with pytest.raises(ExportError):
        history.to_excel(tmp_path)
    with pytest.raises(ExportError, match=r"there is no folder .*nowhere; make it first"):
        history.to_excel(tmp_path / "nowhere" / "book.xlsx")
    with pytest.raises(voxframe.errors.InvalidQueryError, match="'Mars' is not an IANA timezone"):
        history.to_excel(path, timezone="Mars")
    before = path.read_bytes()
    # A sheet's own limit would take a million rows to reach.
    monkeypatch.setattr("voxframe._dataset.excel._MOST_ROWS", 299)
    with pytest.raises(ExportError, match="300 rows of sessions do not fit"):
        history.to_excel(path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "book.xlsx", "empty.xlsx", "other.xlsx", "text.xlsx",
    ]  # fmt: skip
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
