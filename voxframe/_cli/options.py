"""Options that several commands share; those of the filters follow from the parameters."""

import argparse
import logging
import sys
from collections.abc import Callable
from typing import Any

from voxframe._cli.output import waiting_noted
from voxframe._http.credentials import VARIABLE
from voxframe._progress import on_terminal
from voxframe._spec.parameters import Parameter, of_role

# The emulator holds some 100 bytes of each.
_MOST_MADE_UP = 20_000_000


def add_filters(command: Any) -> None:
    """Add an option for each filter, and what comes with the sessions."""
    filters = command.add_argument_group("filters (repeat an option that takes several values)")
    for parameter in of_role("filter"):
        option = f"--{parameter.name.replace('_', '-')}"
        if parameter.kind == "flag":
            filters.add_argument(option, action="store_true", default=None, help=parameter.meaning)
        else:
            number = parameter.kind in ("integer", "integers")
            filters.add_argument(
                option,
                type=_value(parameter) if number else str,
                action="append" if parameter.several else "store",
                metavar="N" if number else "TEXT",
                help=parameter.meaning,
            )
    content = command.add_argument_group("content")
    for parameter in of_role("content"):
        content.add_argument(
            f"--no-{parameter.name.removeprefix('with_').replace('_', '-')}",
            dest=parameter.name,
            action="store_false",
            help=f"leave out {parameter.meaning}",
        )
    content.add_argument(
        "--unknown-fields",
        default="keep",
        choices=("keep", "ignore", "raise"),
        help="what becomes of undocumented fields; default: %(default)s",
    )


def filters_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return the filters that were given, and what comes with the sessions, as keywords."""
    names = [parameter.name for role in ("filter", "content") for parameter in of_role(role)]
    values = {name: getattr(given, name) for name in names}
    given_values = {name: value for name, value in values.items() if value is not None}
    return given_values | {"unknown_fields": given.unknown_fields}


def add_connection(command: Any) -> None:
    """Add the options of the connection."""
    connection = command.add_argument_group("connection")
    connection.add_argument("--credentials", metavar="FILE", help=f"key file; default: {VARIABLE}")
    connection.add_argument(
        "--base-url",
        metavar="URL",
        help="default: VOXIMPLANT_BASE_URL, else https://api.voximplant.com",
    )
    connection.add_argument(
        "--max-concurrency",
        type=positive,
        default=8,
        metavar="N",
        help="requests in flight; default: %(default)s",
    )
    connection.add_argument("--quiet", action="store_true", help="no progress bar and no summary")
    connection.add_argument(
        "-v", "--verbose", action="store_true", help="show each request, on standard error"
    )
    connection.add_argument(
        "--json", action="store_true", help="print one line of JSON, for a monitor"
    )


def connection_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the connection as keywords."""
    return {
        "credentials": given.credentials,
        "base_url": given.base_url,
        "max_concurrency": given.max_concurrency,
        # A terminal shows a bar.
        "progress": False if given.quiet else None if on_terminal() else waiting_noted(given),
    }


def show_requests() -> None:
    """Show what the log says of each request on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("voxframe")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def positive(text: str) -> int:
    """Read a whole number from 1."""
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError("needs to be 1 or more")
    return number


def sessions_made_up(text: str) -> int:
    """Read how many sessions an emulated account has."""
    number = positive(text)
    if number > _MOST_MADE_UP:
        raise argparse.ArgumentTypeError(f"is at most {_MOST_MADE_UP:,}, which fit into memory")
    return number


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def seconds(text: str) -> float:
    """Read a number of seconds from 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number


def _value(parameter: Parameter) -> Callable[[str], int | str]:
    return lambda text: text if text == parameter.word else whole(text)
