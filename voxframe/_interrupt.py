"""Ctrl-C while the program is still being loaded: no traceback of somebody else's import.

Loading pandas and pyarrow takes a good part of a second, before any code of the command line runs.
"""

import os
import signal
import sys
from pathlib import PurePath
from typing import NoReturn

_INTERRUPTED = 130


def loaded() -> None:
    """Let Ctrl-C be an exception again, which closes what is open."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> NoReturn:
    # An exception would pass through modules that are half loaded, some of which swallow it.
    os.write(2, b"\nvoxframe: interrupted\n")
    os._exit(_INTERRUPTED)


def _is_program() -> bool:
    # "-m" stands there while Python looks for the module that it is to run.
    program = next(iter(getattr(sys, "argv", [])), "")
    return program == "-m" or PurePath(program).stem == "voxframe"


if _is_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
