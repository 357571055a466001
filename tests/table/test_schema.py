"""The declared tables are the data dictionary."""

import ast
from pathlib import Path

import pytest

import voxframe
from voxframe._schema import SCHEMAS, data_dictionary

TABLE_HALF = [
    "_schema",
    "_zones",
    "_columns",
    "_precheck",
    "_fast",
    "_values",
    "_tolerant",
    "_decode",
    "_unify",
    "_assemble",
    "_pandas",
    "_parquet",
    "_glance",
    "_history",
]


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


@pytest.mark.parametrize("module", TABLE_HALF)
def test_the_table_half_knows_no_network(module: str) -> None:
    source = (Path(voxframe.__file__).parent / f"{module}.py").read_text()
    imported = {
        alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    own = {name for name in imported if name.startswith("voxframe")}
    allowed = {*TABLE_HALF, "_page", "_receipt", "errors"}
    assert {n.removeprefix("voxframe.").split(".")[0] for n in own} <= allowed
    assert not any(name.split(".")[0] in {"httpx", "jwt", "tenacity"} for name in imported)
    if module == "_zones":
        assert not any(name.startswith("pyarrow") for name in imported)
