"""How far a read is, for people who wait."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

Step = TypeVar("Step")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a read is.

    Attributes
    ----------
    sessions : int
        Sessions received so far.
    total : int or None
        Sessions that the service says there are, once known.
    requests : int
        Requests sent so far.
    seconds : float
        Since the read began.
    waiting : str
        What is waited for, once nothing has come for a second; else empty.

    Examples
    --------
    >>> steps = []
    >>> history = voxframe.read_call_history("2026-10-01", "2026-11-01", progress=steps.append)
    >>> steps[-1].sessions, steps[-1].total
    (2000, 2000)
    """

    sessions: int
    total: int | None
    requests: int
    seconds: float
    waiting: str = ""


Report: TypeAlias = Callable[[Progress], object]

# What is over sooner needs no bar.
_DELAY = 0.4


def reporter(progress: bool | Report | None) -> AbstractContextManager[Report]:
    """Return what yields a function to call with every step of a read; see :func:`reporting`."""
    return reporting(progress, " sessions", _draw)


@contextmanager
def reporting(
    progress: bool | Callable[[Step], object] | None,
    unit: str,
    draw: Callable[[Any, Step], None],
) -> Iterator[Callable[[Step], object]]:
    """Yield what is to be called with every step.

    Parameters
    ----------
    progress : bool, callable or None
        A callable is called; True draws a bar, None draws one on a terminal or
        in a notebook, False draws none.
    unit : str
        What the bar counts.
    draw : callable
        Draws a step on a bar of tqdm's.
    """
    if callable(progress):
        yield progress
        return
    bar = _new_bar(unit, wanted=progress)
    if bar is None:
        yield lambda _: None
        return
    try:
        yield lambda now: draw(bar, now)
    finally:
        bar.close()


def _draw(bar: Any, now: Progress) -> None:
    bar.total = now.total
    bar.update(now.sessions - bar.n)
    # In front, where a narrow terminal does not cut it off; drawn at once, since no step comes.
    if now.waiting or bar.desc:
        bar.set_description(now.waiting)


def _new_bar(unit: str, *, wanted: bool | None) -> Any:
    """Return a bar of tqdm's, or None where none is to be drawn; None draws one for a person."""
    notebook = _in_notebook()
    if wanted is False or (wanted is None and not notebook and not on_terminal()):
        return None
    return _bar(notebook=notebook)(
        unit=unit, unit_scale=True, delay=0 if wanted else _DELAY, dynamic_ncols=True
    )


def _bar(*, notebook: bool) -> Any:
    if notebook:
        with contextlib.suppress(ImportError):
            # Without ipywidgets the notebook's own bar only complains.
            import ipywidgets  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401, PLC0415
            from tqdm.notebook import tqdm as widget  # noqa: PLC0415

            return widget
    from tqdm import tqdm  # noqa: PLC0415 - not needed by a program without a person

    return tqdm


def on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    # Programs put their own thing there, close it, or have none (pythonw).
    try:
        return bool(sys.stderr.isatty())
    except (AttributeError, ValueError):
        return False


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    # Colab and Databricks have shells of their own, made from Jupyter's.
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)
