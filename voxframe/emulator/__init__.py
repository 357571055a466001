"""An emulator of Voximplant's GetCallHistory on a real socket.

It knows the service from its documentation only and shares no code with the
client, so that each can catch the other out.

Examples
--------
>>> from voxframe.emulator import Emulator, World
>>> with Emulator(World(sessions=1000)) as emulator:
...     emulator.base_url.startswith("http://127.0.0.1:")
True
"""

from voxframe._extras import needed_for

with needed_for("voxframe.emulator", "emulator"):
    from voxframe.emulator._behaviour import Behaviour, Changes, ExtraField, Throttle
    from voxframe.emulator._faults import Fault
    from voxframe.emulator._files import Files
    from voxframe.emulator._ledger import Ledger
    from voxframe.emulator._motion import Motion
    from voxframe.emulator._request_log import Counters, Request
    from voxframe.emulator._server import Emulator, serve
    from voxframe.emulator._world import Totals, World

__all__ = [
    "Behaviour",
    "Changes",
    "Counters",
    "Emulator",
    "ExtraField",
    "Fault",
    "Files",
    "Ledger",
    "Motion",
    "Request",
    "Throttle",
    "Totals",
    "World",
    "serve",
]
