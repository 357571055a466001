"""What happens to the world while it is read."""

from voxframe.emulator._behaviour import Changes
from voxframe.emulator._time import Moment
from voxframe.emulator._world import World


def change(
    world: World, changes: Changes, number: int, window: tuple[Moment, Moment] | None = None
) -> None:
    """Let happen what is due at the request of that number, within a window."""
    if changes.last and number > changes.last:
        return
    window = changes.within or window
    if changes.add_every and number % changes.add_every == 0:
        world.add(changes.size, start=window)
    if changes.purge_every and number % changes.purge_every == 0:
        world.purge(world.some(changes.size, start=window))
    if changes.cost_every and number % changes.cost_every == 0:
        world.raise_cost(world.some(changes.size, start=window))
