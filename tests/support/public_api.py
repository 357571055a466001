"""The public surface as text: names, parameters and defaults, a line each."""

import functools
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLACE = Path(__file__).parents[1] / "architecture" / "public_api.txt"
# Not voxframe.dask and voxframe.spark: they cannot be imported in every environment.
MODULES = ("voxframe", "voxframe.errors", "voxframe.analysis", "voxframe.analysis.plots",
           "voxframe.emulator")  # fmt: skip


def public_api() -> str:
    """Return every public name with what it takes; types are mypy's business."""
    lines = []
    for module in MODULES:
        names = importlib.import_module(module)
        for name in sorted(names.__all__):
            lines += _described(f"{module}.{name}", getattr(names, name))
    return "\n".join(lines) + "\n"


def _described(path: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
        made = "" if issubclass(thing, BaseException) else _parameters(thing)
        yield f"class {path}{made}" + (f": {bases}" if bases else "")
        for name, member in sorted(vars(thing).items()):
            if not name.startswith("_"):
                yield from _member(f"{path}.{name}", member)
    elif callable(thing):
        yield f"{path}{_parameters(thing)}"
    else:
        yield path


def _member(path: str, member: Any) -> Iterator[str]:
    if isinstance(member, property | functools.cached_property):
        yield f"{path} (property)"
    elif isinstance(member, classmethod | staticmethod):
        yield f"{path}{_parameters(member.__func__)} ({type(member).__name__})"
    elif inspect.isfunction(member):
        yield f"{path}{_parameters(member)}"


def _parameters(thing: Any) -> str:
    try:
        signature = inspect.signature(thing)
    except ValueError:  # of what is not written in Python
        return "(...)"
    # A function as a default would show its address in memory.
    bare = [
        each.replace(annotation=each.empty, default=_shown(each.default))
        for each in signature.parameters.values()
        if not each.name.startswith("_")
    ]
    return str(inspect.Signature(bare))


def _shown(default: Any) -> Any:
    return Ellipsis if inspect.isfunction(default) else default
