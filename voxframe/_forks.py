"""What a forked child must not share with its parent."""

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something with locks, sockets or threads, which a fork copies and should not."""

    def after_fork(self) -> None:
        """Replace them, in the child; the only thread there is the one that forked."""
        ...


_living: "WeakSet[Renewable]" = WeakSet()


def renew_after_fork(each: Renewable) -> None:
    """Have its ``after_fork`` called in every child that this process forks."""
    _living.add(each)


def _renew() -> None:
    for each in list(_living):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
