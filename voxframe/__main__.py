"""``python -m voxframe`` is ``voxframe``."""

from voxframe._cli import entry

entry()
