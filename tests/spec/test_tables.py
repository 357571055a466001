"""The declared tables are the data dictionary."""

from voxframe._spec.tables import SCHEMAS, data_dictionary


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
