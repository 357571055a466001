"""``python -m voxframe`` is ``voxframe``."""

from voxframe._cli.main import entry

entry()
