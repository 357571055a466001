"""What is depended on: each with its reason, each locked, and what an audit says."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = ROOT / ".github" / "constraints.txt"
AUDIT = ROOT / ".ci" / "audit.py"


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower()


def _declared() -> dict[str, set[str]]:
    """Return each package and the extras that bring it."""
    given = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = given["project"]["optional-dependencies"]
    groups = {"": given["project"]["dependencies"], "build": given["build-system"]["requires"]}
    found: dict[str, set[str]] = {}
    for extra, requirements in (groups | extras).items():
        for each in requirements:
            found.setdefault(_name(each), set()).add(extra)
    del found["voxframe"]
    return found


@pytest.mark.skipif(not LOCKED.exists(), reason="only in a checkout")
def test_each_dependency_stands_among_the_reasons_with_its_licence():
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("## Dependencies, and why")[2].splitlines()
        if line.startswith("|")
    ][2:]
    assert {package.lower(): set(extras.split(", ")) for package, extras, *_ in rows} == _declared()
    assert all(why and licence for *_, why, licence in rows)


@pytest.mark.skipif(not LOCKED.exists(), reason="only in a checkout")
def test_each_dependency_is_locked_and_no_address_with_it():
    lines = LOCKED.read_text(encoding="utf-8").splitlines()
    pinned = {_name(line) for line in lines}
    left_out = {"dask", "spark", "build"}
    assert {name for name, extras in _declared().items() if extras - left_out} <= pinned
    assert [line for line in lines if not re.match(r"[\w.-]+==[\w.]+( ; [^/]+)?$", line)] == []


@pytest.mark.skipif(not AUDIT.exists(), reason="only in a checkout")
@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        (None, 0, "not checked, since nobody could be asked: no route"),
        ([{"name": "a", "skip_reason": "unknown"}], 0, "0 of 1 packages are known"),
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 packages are known"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}],
            1,
            "a 1: X-1, mended by 2",
        ),
    ],
)
def test_an_audit_says_how_far_it_could_ask(tmp_path, answers, status, said):
    known, words = tmp_path / "known.json", tmp_path / "said"
    words.write_text("Traceback\nno route\n", encoding="utf-8")
    if answers is not None:
        known.write_text(json.dumps({"dependencies": answers}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, AUDIT, known, words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert said in done.stdout
