"""What a system may lack."""

import sys

from voxframe._dataset import disk


def test_a_lock_where_the_system_has_none_is_not_held_and_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with disk.locked(tmp_path / "lock", "somebody else writes there") as held:
        assert not held
    assert "no locks" in caplog.text
