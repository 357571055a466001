"""The declared tables are the data dictionary."""

import os
import subprocess
import sys
from pathlib import Path

from voxframe._spec.tables import SCHEMAS, data_dictionary

ROOT = Path(__file__).parents[2]


def test_every_field_says_what_it_is() -> None:
    text = data_dictionary()
    for name, schema in SCHEMAS.items():
        assert f"### `{name}`" in text
        assert schema.names[0] == "call_session_history_id"
        for field in schema:
            sentence = field.metadata[b"description"].decode()
            assert sentence[0].isupper()
            assert sentence.endswith((".", "…"))
            assert f"| `{field.name}` |" in text
            if field.name == "duration":
                assert "seconds" in sentence
            if str(field.type).startswith("timestamp"):
                assert "UTC" in sentence


def test_everything_follows_a_field_that_is_appended() -> None:
    """Decoding both ways, assembling, pandas and the README know columns from the schemas alone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.made_up_fields"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
