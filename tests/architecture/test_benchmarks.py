"""The benchmarks, which nothing else imports, keep up with the code that they measure."""

import os

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="they render by forked processes")
def test_every_stage_of_a_page_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    stages = pytest.importorskip("benchmarks.stages", reason="only in a checkout")
    from benchmarks.server import Server

    with Server(100) as server:
        bodies = stages.fetched(server, gzip=False)
        packed = stages.fetched(server, gzip=True)
        spent = stages.once(server, bodies, packed)
    assert len(spent) == 9
    assert min(spent.values()) > 0
