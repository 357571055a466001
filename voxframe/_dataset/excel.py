"""A result as an Excel workbook: a summary and a sheet a table."""

import contextlib
import os
import textwrap
import uuid
import zipfile
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from voxframe._dataset.disk import check_folder_of, local_path, sync, writing
from voxframe._receipt import Receipt
from voxframe._spec.tables import CHILDREN, INSTANT, MONEY, SESSION_ID
from voxframe._text import printable
from voxframe._timezones import not_a_timezone
from voxframe.errors import ExportError, InvalidQueryError

Tables = Mapping[str, pa.Table]

_MARK = "Written by voxframe."
# Excel's own limits: rows of a sheet without its head, letters of a cell.
_MOST_ROWS = 1_048_575
_MOST_LETTERS = 32_767
# Whole numbers that a double holds exactly; a longer id is kept as text.
_EXACT = 2**53
_INSTANT_FORMAT, _DATE_FORMAT = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
_MONEY_FORMAT, _COUNT_FORMAT = "#,##0.00#######", "#,##0"
# In characters, as Excel measures columns.
_NARROWEST, _WIDEST = 8, 40
_SAMPLE = 200
# Of the summary's values; letters are wider than Excel's measure, a digit, now and then.
_VALUES, _LETTERS = 60, 55
# In points, of a line in Excel's own type.
_LINE = 15
_TITLES = {
    "sessions": "Sessions",
    "calls": "Calls (legs)",
    "records": "Records",
    "resource_usage": "Other resources",
}


def write_excel(
    tables: Tables, receipt: Receipt, path: str | os.PathLike[str], timezone: str
) -> None:
    """Write a workbook, whole or not at all; see `CallHistory.to_excel`."""
    target = local_path(path)
    check_folder_of(target)
    zone = _zone(timezone)
    for name, table in tables.items():
        if len(table) > _MOST_ROWS:
            raise ExportError(
                f"{target}: {len(table):,} rows of {name} do not fit into a sheet of "
                f"{_MOST_ROWS:,}; export a shorter window, or write Parquet"
            )
    with writing(target):
        _check_target(target)
        work = target.parent / f".{target.name}.{uuid.uuid4().hex}.tmp"
        try:
            options = {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            }
            with xlsxwriter.Workbook(work, options) as book:
                book.set_properties({"title": "Call history", "comments": _MARK})
                _summary(book, tables, receipt, zone)
                for name, table in tables.items():
                    _sheet(book, _TITLES[name], table, zone)
            with work.open("rb+") as file:
                os.fsync(file.fileno())
            work.replace(target)
            sync(target.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                work.unlink()


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, TypeError, OSError):
        raise InvalidQueryError(not_a_timezone(timezone)) from None


def _check_target(target: Path) -> None:
    """Refuse to replace what this did not write."""
    if not target.exists():
        return
    try:
        with zipfile.ZipFile(target) as book:
            ours = _MARK.encode() in book.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError, IsADirectoryError):
        ours = False
    if not ours:
        raise ExportError(f"{target} was not written by voxframe; name another file")


def _summary(book: Any, tables: Tables, receipt: Receipt, zone: ZoneInfo) -> None:
    bold = book.add_format({"bold": True, "valign": "top"})
    plain = book.add_format({"align": "left"})
    whole_number = book.add_format({"num_format": _COUNT_FORMAT, "align": "left"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
    money = book.add_format({"num_format": _MONEY_FORMAT, "align": "left"})
    sheet = _on_paper(book.add_worksheet("Summary"))
    sheet.set_column(0, 0, 24, bold)
    sheet.set_column(1, 1, _VALUES)
    read = [name for name in CHILDREN if name not in receipt.unread]
    sums = {name: pc.sum(tables[name]["cost"]).as_py() or Decimal(0) for name in read}
    whole = None if receipt.unread else sum(sums.values(), Decimal(0))
    instant = book.add_format({"num_format": _INSTANT_FORMAT, "align": "left"})
    accounts = _by_account(tables, read)
    rows: list[tuple[str, Any, Any]] = [
        ("From", _local(receipt.from_date, zone), instant),
        ("To", _local(receipt.to_date, zone), instant),
        ("Dates and times in", str(zone), plain),
        *((_TITLES[name], len(table), whole_number) for name, table in tables.items()),
        *((f"Cost, {_TITLES[name].lower()}", _price(sums.get(name)), money) for name in CHILDREN),
        ("Cost, total", _price(whole), money),
        ("Cost, total, exact", "not read" if whole is None else f"{whole:f}", plain),
        *((f"Cost, account {account}", float(cost), money) for account, cost in accounts.items()),
        ("Currency", _currency(accounts), wrapped),
        ("Why it is complete", receipt.settled, wrapped),
    ]
    for at, (head, value, form) in enumerate(rows):
        if form is wrapped:
            # Only Excel itself, and not every reader of its files, finds a row's height.
            sheet.set_row(at, _LINE * max(1, len(textwrap.wrap(printable(value), _LETTERS))))
        sheet.write_string(at, 0, head, bold)
        if isinstance(value, str):
            sheet.write_string(at, 1, printable(value)[:_MOST_LETTERS], form)
        elif isinstance(value, datetime):
            _moment(sheet, at, 1, value, form)
        else:
            sheet.write_number(at, 1, value, form)


def _by_account(tables: Tables, read: Collection[str]) -> dict[str, Decimal]:
    """Return what was paid by each account, as far as it was read; nothing of one alone."""
    ids, accounts = tables["sessions"][SESSION_ID], tables["sessions"]["account_id"]
    if len(pc.unique(accounts)) < 2:  # noqa: PLR2004 - one has nothing to be told apart from
        return {}
    paid = dict.fromkeys(sorted(pc.unique(accounts).drop_null().to_pylist()), Decimal(0))
    for name in read:
        places = pc.index_in(tables[name][SESSION_ID], value_set=ids.combine_chunks())
        costs = pa.table({"account": accounts.take(places), "cost": tables[name]["cost"]})
        for row in costs.group_by("account").aggregate([("cost", "sum")]).to_pylist():
            paid[row["account"]] = paid.get(row["account"], 0) + (row["cost_sum"] or Decimal(0))
    return {"not known" if name is None else str(name): cost for name, cost in paid.items()}


def _currency(accounts: Mapping[str, Decimal]) -> str:
    """Return what is known of the currency: the history has none."""
    if not accounts:
        return "the account's"
    return (
        f"Prices of {len(accounts)} accounts ({', '.join(accounts)}) are added up as if they were "
        "in one currency; where they are not, take the cost of each account above, or use "
        "voxframe.analysis.cost_breakdown(history, currency=...), with a label for each account."
    )


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _price(price: Decimal | None) -> float | str:
    return "not read" if price is None else float(price)


def _sheet(book: Any, title: str, table: pa.Table, zone: ZoneInfo) -> None:
    sheet = _on_paper(book.add_worksheet(title))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    head = book.add_format({"bold": True, "bottom": 1})
    columns = [_column(book, table[name], zone) for name in table.column_names]
    for at, (name, (width, form, _)) in enumerate(zip(table.column_names, columns, strict=True)):
        sheet.set_column(at, at, min(max(width, len(name) + 3, _NARROWEST), _WIDEST), form)
    for at, name in enumerate(table.column_names):
        sheet.write_string(0, at, printable(name), head)
    row = 1
    for batch in table.to_batches():
        lists = [column.to_pylist() for column in batch.columns]
        for values in zip(*lists, strict=True):
            for at, value in enumerate(values):
                if value is not None:
                    columns[at][2](sheet, row, at, value)
            row += 1
    if table.num_rows:
        sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)


def _on_paper(sheet: Any) -> Any:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    return sheet


def _column(
    book: Any, column: pa.ChunkedArray, zone: ZoneInfo
) -> tuple[int, Any, Callable[[Any, int, int, Any], None]]:
    """Return a column's width, its format, and what writes one of its values."""
    kind = column.type
    if kind == INSTANT:
        form = book.add_format({"num_format": _INSTANT_FORMAT})

        def instant(sheet: Any, row: int, at: int, value: datetime) -> None:
            local = value.astimezone(zone).replace(tzinfo=None)
            _moment(sheet, row, at, local, form)

        return 19, form, instant
    if pa.types.is_date(kind):
        form = book.add_format({"num_format": _DATE_FORMAT})

        def day(sheet: Any, row: int, at: int, value: date) -> None:
            _moment(sheet, row, at, datetime(value.year, value.month, value.day), form)  # noqa: DTZ001

        return 10, form, day
    if kind == MONEY:
        return 14, book.add_format({"num_format": _MONEY_FORMAT}), _number
    if pa.types.is_boolean(kind):
        return 8, None, lambda sheet, row, at, value: sheet.write_boolean(row, at, value)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        form = book.add_format({"num_format": "0"}) if pa.types.is_integer(kind) else None
        return 14, form, _number
    sample = column.slice(0, _SAMPLE).cast(pa.string())
    widest = pc.max(pc.utf8_length(sample)).as_py() or 0
    # Away from the number that ends at the right of the cell before.
    return widest + 3, book.add_format({"indent": 1}), _text


def _moment(sheet: Any, row: int, at: int, local: datetime, form: Any) -> None:
    # Excel's calendar begins in 1900.
    if local.year < 1900:  # noqa: PLR2004
        sheet.write_string(row, at, local.isoformat(" "))
    else:
        sheet.write_datetime(row, at, local, form)


def _number(sheet: Any, row: int, at: int, value: float | Decimal) -> None:
    if isinstance(value, int) and abs(value) > _EXACT:
        sheet.write_string(row, at, str(value))
    else:
        sheet.write_number(row, at, value)


def _text(sheet: Any, row: int, at: int, value: object) -> None:
    sheet.write_string(row, at, str(value)[:_MOST_LETTERS])
