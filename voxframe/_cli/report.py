"""``voxframe report``: one page to send on, of files or of the account itself."""

import argparse
import webbrowser
from pathlib import Path
from typing import Any

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.window import WINDOWS, add_window, names_window, window_of
from voxframe._extras import needed_for
from voxframe.errors import InvalidQueryError, VoxframeError

# Of these a page of files can make use, too.
_OF_THE_PAGE = {
    "command", "run", "default_of", "path", "out", "title", "timezone", "show_numbers", "json",
    "quiet", "verbose", "own", "currency", "open",
}  # fmt: skip


def add(commands: Any) -> None:
    """Add the command."""
    report = commands.add_parser(
        "report",
        help="make one self-contained HTML page, of an export or of the account",
        description="Make one self-contained HTML page of what an export, or to_parquet, wrote at "
        "PATH, or of a window that is read from the account: figures, pictures, top spenders, and "
        "the receipt of the read.",
        epilog="Examples: voxframe report history; voxframe report --month 2026-10",
    )
    report.add_argument("path", nargs="?", metavar="PATH", help="folder of Parquet files")
    page = report.add_argument_group("the page")
    page.add_argument("--out", default="report.html", metavar="FILE", help="default: %(default)s")
    page.add_argument("--title", metavar="TEXT", help="default: Call history")
    page.add_argument("--show-numbers", action="store_true", help="show phone numbers")
    page.add_argument(
        "--own", action="append", default=[], metavar="FAR_END",
        help="whose calls are not outside calls: a type (sip), a SIP domain (@pbx.example.com) or "
        "a number (+4420794601*); may be repeated",
    )  # fmt: skip
    page.add_argument(
        "--currency", action="append", metavar="LABEL",
        help="what prices are in, such as EUR, or of each account, such as 4203771=EUR; repeat it "
        "for every account",
    )  # fmt: skip
    page.add_argument("--open", action="store_true", help="open the page in a browser")
    add_window(report)
    add_connection(report)
    add_filters(report)
    report.set_defaults(run=run, default_of=report.get_default)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Make the page, and print where it is."""
    with needed_for("a report", "report"):
        # Before the account is read, which may take long.
        import jinja2  # noqa: F401, PLC0415
        import matplotlib as mpl  # noqa: F401, PLC0415

        from voxframe.report._page import report_html  # noqa: PLC0415 - an extra
    page = report_html(
        _history(given),
        title=given.title,
        timezone=given.timezone,
        show_numbers=given.show_numbers,
        currency=_currency(given.currency),
        own=given.own,
    )
    try:
        # A file's name may hold what is not Unicode.
        Path(given.out).write_bytes(page.encode(errors="replace"))
    except OSError as error:
        raise VoxframeError(f"{given.out} cannot be written: {error.strerror}") from None
    if not (given.quiet or given.json):
        print(f"{given.out}: {len(page) / 2**20:.1f} MiB; open it in a browser")
    if given.open:
        webbrowser.open(Path(given.out).absolute().as_uri())
    return {"out": given.out}


def _currency(given: list[str] | None) -> str | dict[int, str] | None:
    """Return one label, or one for each account."""
    if given is None:
        return None
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    pairs = [each.partition("=") for each in given]
    if any(not account.isdecimal() or not label for account, _, label in pairs):
        raise InvalidQueryError(
            "--currency: give one label such as EUR, or a label for each account such as "
            "4203771=EUR, and repeat it for every account"
        )
    return {int(account): label for account, _, label in pairs}


def _history(given: argparse.Namespace) -> voxframe.CallHistory:
    if given.path is None:
        if not names_window(given):
            raise InvalidQueryError(f"PATH or a window is missing; give PATH, {WINDOWS}")
        return voxframe.read_call_history(
            **window_of(given), **connection_of(given), **filters_of(given)
        )
    of_a_read = vars(given).keys() - _OF_THE_PAGE
    if any(getattr(given, name) != given.default_of(name) for name in of_a_read):
        raise InvalidQueryError(
            f"PATH: {given.path} is read, so windows, filters and connections have no effect; "
            "leave them out, or PATH to read the account",
        )
    return voxframe.CallHistory.from_parquet(given.path)
