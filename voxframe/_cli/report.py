"""``voxframe report``: one page to send on, of files or of the account itself."""

import argparse
import logging
import re
import warnings
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import voxframe
from voxframe import analysis
from voxframe._cli.messages import option_of
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.output import note
from voxframe._cli.window import (
    WINDOWS,
    add_window,
    names_window,
    window_before,
    window_of,
)
from voxframe._dataset.disk import check_folder_of, is_delta, is_url, local_path
from voxframe._dataset.files import FILES
from voxframe._extras import needed_for
from voxframe._query.window import window
from voxframe._read.nothing import why_nothing
from voxframe.analysis._far_ends import FarEnds
from voxframe.errors import InvalidQueryError, VoxframeError

# Of these a page of files can make use, too.
_OF_FILES = {
    "command", "run", "default_of", "path", "out", "title", "timezone", "show_numbers", "json",
    "quiet", "verbose", "own", "currency", "open", "previous", "xlsx", "compare", "from_date",
    "to_date", "month", "last", "yesterday",
}  # fmt: skip


def add(commands: Any) -> None:
    """Add the command."""
    report = commands.add_parser(
        "report",
        help="make one self-contained HTML page, of an export or of the account",
        description="Make one self-contained HTML page of what an export, or to_parquet, wrote at "
        "PATH, or of a window that is read from the account; of a sync or an export at PATH, of a "
        "window of it: what it cost, who called and who "
        "answered, what failed and what to do about it.",
        epilog="Examples: voxframe report history --month 2026-10; voxframe report --month 2026-10 "
        "--compare",
    )
    report.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="folder of Parquet files, or Delta tables, by URL too",
    )
    page = report.add_argument_group("the page")
    page.add_argument(
        "--out", default="report.html", metavar="FILE", help="the page; default: %(default)s"
    )
    page.add_argument("--title", metavar="TEXT", help="heading of the page; default: Call history")
    page.add_argument("--show-numbers", action="store_true", help="show phone numbers in full")
    page.add_argument(
        "--own", action="append", default=[], metavar="FAR_END",
        help="colleagues, whose calls are not outside calls: types (sip), SIP domains "
        "(@pbx.example.com) or numbers (+4420794601*), parted by commas; may be repeated",
    )  # fmt: skip
    page.add_argument(
        "--currency", action="append", metavar="LABEL",
        help="what prices are in, such as EUR, or of each account, such as 4203771=EUR; repeat it "
        "for every account",
    )  # fmt: skip
    page.add_argument(
        "--compare", action="store_true",
        help="read the period before, too, and show what changed: after a month the month before, "
        "else as long a time",
    )  # fmt: skip
    page.add_argument(
        "--previous", metavar="PATH", help="the same, of files: the folder of the period before"
    )
    page.add_argument(
        "--xlsx", metavar="FILE",
        help="write the tables as an Excel workbook, too; it holds phone numbers",
    )  # fmt: skip
    page.add_argument("--open", action="store_true", help="open the page in a browser")
    add_window(report)
    add_connection(report)
    add_filters(report)
    report.set_defaults(run=run, default_of=report.get_default)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Make the page, and print where it is."""
    # Without a home folder it warns, and takes a temporary one for its fonts as it should.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with needed_for("a report", "report"):
        # Before the account is read, which may take long.
        import jinja2  # noqa: F401, PLC0415
        import matplotlib as mpl  # noqa: F401, PLC0415

        from voxframe.report._page import report_html  # noqa: PLC0415 - an extra
    if given.xlsx is not None:
        with needed_for("a workbook", "excel"):
            import xlsxwriter  # noqa: F401, PLC0415
    own = _check(given)
    currency = _currency(given.currency)
    # Files that are not there are found before the account is read.
    previous = _previous(given)
    history = _history(given)
    page = report_html(
        history,
        title=given.title,
        timezone=given.timezone,
        show_numbers=given.show_numbers,
        previous=previous,
        currency=currency,
        own=own,
    )
    if given.xlsx is not None:
        history.to_excel(given.xlsx, timezone=given.timezone)
    try:
        # A file's name may hold what is not Unicode.
        size = Path(given.out).write_bytes(page.encode(errors="replace"))
    except OSError as error:
        raise VoxframeError(f"{given.out} cannot be written: {error.strerror}") from None
    if not (given.quiet or given.json):
        print(f"{given.out}: {_size(size)}; open it in a browser")
        if given.xlsx is not None:
            print(f"{given.xlsx}: the tables, with phone numbers")
    note(given, why_nothing(history.receipt))
    for entry in _unused(own, history):
        note(given, f"--own: the far end of no call is {entry}; check how it is spelled")
    if given.open:
        webbrowser.open(Path(given.out).absolute().as_uri())
    return {"out": given.out, "xlsx": given.xlsx}


def _size(number: int) -> str:
    """Write a size in MiB, or a small one in KiB."""
    mib = number / 2**20
    return f"{mib:.1f} MiB" if mib >= 0.1 else f"{number / 2**10:.0f} KiB"  # noqa: PLR2004


def _currency(given: list[str] | None) -> str | dict[int, str] | None:
    """Return one label, or one for each account."""
    if given is None:
        return None
    if len(given) == 1 and _is_label(given[0]):
        return given[0]
    pairs = [each.partition("=") for each in given]
    labels = {int(account): label for account, _, label in pairs if account.isdecimal()}
    if len(labels) < len(given) or not all(map(_is_label, labels.values())):
        raise InvalidQueryError(
            "--currency: give one label such as EUR, or a label for each account such as "
            "4203771=EUR, and repeat it for every account"
        )
    return labels


def _is_label(text: str) -> bool:
    return bool(text.strip()) and not {",", "="} & set(text)


def _unused(own: list[str], history: voxframe.CallHistory) -> Iterator[str]:
    """Yield what was named as one's own and is in no call; of a number only that it is one."""
    for entry in own if len(history.tables["calls"]) else ():
        rules = analysis.far_ends(history, own=entry).rule
        if not rules.str.endswith("is given as own").any():
            yield "a number that was given" if re.search(r"\d{4}", entry) else repr(entry)


def _check(given: argparse.Namespace) -> list[str]:
    """Refuse options that mean nothing, alone or together, before anything is read."""
    own = [entry.strip() for each in given.own for entry in each.split(",")]
    FarEnds.of(own=own)
    if given.compare and given.previous is not None:
        raise InvalidQueryError("--compare and --previous: each names the period before; give one")
    if given.path is None and not names_window(given):
        raise InvalidQueryError(f"PATH or a window is missing; give PATH, {WINDOWS}")
    if given.path is not None:
        _check_files(given)
    for file in (given.out, given.xlsx):
        if file is not None:
            check_folder_of(local_path(file))
    return own


def _check_files(given: argparse.Namespace) -> None:
    """Refuse options that need the account where files are read."""
    if given.compare and not names_window(given):
        raise InvalidQueryError(
            "--compare: name the period too, such as --month 2026-10, or give --previous PATH"
        )
    if names_window(given) and (Path(given.path) / FILES["sessions"]).exists():
        raise InvalidQueryError(
            f"{given.path} was written by to_parquet, which keeps no days apart, so it is "
            "reported as a whole; leave the window out"
        )
    others = sorted(
        option_of(name.replace("with_", "no_"))
        for name in vars(given).keys() - _OF_FILES
        if getattr(given, name) != given.default_of(name)
    )
    if others:
        raise InvalidQueryError(
            f"{', '.join(others)}: only the account can be asked so, and {given.path} is read from "
            "files; leave that out, or leave the path out to read the account"
        )


def _history(given: argparse.Namespace) -> voxframe.CallHistory:
    if given.path is None:
        return voxframe.read_call_history(
            **window_of(given), **connection_of(given), **filters_of(given)
        )
    return _of_files(given, given.path, window_of(given) if names_window(given) else None)


def _of_files(
    given: argparse.Namespace, path: str, named: dict[str, Any] | None
) -> voxframe.CallHistory:
    """Read files, of a dataset a window if one is named."""
    if named is None:
        if is_url(path) or is_delta(local_path(path)):
            return voxframe.open_dataset(path).read()
        return voxframe.CallHistory.from_parquet(path)
    inside = window(**named)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = voxframe.open_dataset(path).read(inside.from_date, inside.to_date)
    for each in caught:
        note(given, str(each.message))
    return history


def _previous(given: argparse.Namespace) -> voxframe.CallHistory | None:
    if given.previous is not None:
        return _of_files(given, given.previous, None)
    if not given.compare:
        return None
    if given.path is not None:
        before = window_before(given)
        try:
            return _of_files(given, given.path, before)
        except InvalidQueryError:
            note(
                given,
                f"{given.path} holds no day of the period before, so nothing is compared",
            )
            return None
    return voxframe.read_call_history(
        **window_before(given), **connection_of(given), **filters_of(given)
    )
