"""Append made-up fields to each declared table, then read an answer that has them.

Run as a program of its own, since the schemas have to be other ones before voxframe is imported.
"""

import importlib.util
import json
import sys
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

ROOT = Path(__file__).parents[2]
INNER = {"code": 7, "deeper": {"money": "0.5", "day": "2027-01-05"}, "stranger": 1}
FIELDS = [
    ("made_up_code", pa.int64(), ("made_up", "code"), 7),
    ("made_up_money", pa.decimal128(18, 9), ("made_up", "deeper", "money"), Decimal("0.5")),
    ("made_up_day", pa.date32(), ("made_up", "deeper", "day"), date(2027, 1, 5)),
    ("made_up_text", pa.string(), ("made_up_text",), "text"),
    (
        "made_up_time",
        pa.timestamp("us", "UTC"),
        ("made_up_time",),
        datetime(2027, 1, 5, tzinfo=UTC),
    ),
]
FLAT = {"made_up_text": "text", "made_up_time": "2027-01-05 00:00:00"}


def declare() -> None:
    """Put the fields into every schema: at its beginning, in its middle, at its end."""
    spec = importlib.util.find_spec("voxframe")
    assert spec is not None
    stub = types.ModuleType("voxframe")
    stub.__path__ = list(spec.submodule_search_locations or ())
    sys.modules["voxframe"] = stub
    from voxframe._spec import tables

    for table, schema in tables.SCHEMAS.items():
        places = [1, len(schema) // 2, len(schema) // 2, 2, len(schema) + 4]
        for (name, kind, path, _), at in zip(FIELDS, places, strict=True):
            field = pa.field(name, kind, metadata={"description": f"Made up, in {table}."})
            tables.SCHEMAS[table] = tables.SCHEMAS[table].insert(at, field)
            tables.PATHS[table][name] = path
    del sys.modules["voxframe"]


def main() -> None:
    declare()
    from tests.decode.test_fast_is_tolerant import check_same
    from tests.support import generated
    from voxframe._decode.decode import decode
    from voxframe._decode.page import RawPage
    from voxframe._spec.tables import SCHEMAS, data_dictionary
    from voxframe._tables.assemble import assemble
    from voxframe._tables.to_pandas import frame

    answer = json.loads((ROOT / "tests/samples/documented.json").read_bytes())
    bare = json.dumps(answer).encode()
    session = answer["result"][0]
    rows = [session, session["calls"][0], session["records"][0]]
    for row in [*rows, session["other_resource_usage"][0]]:
        row |= {"made_up": json.loads(json.dumps(INNER)), **FLAT}
    odd = json.dumps(answer).encode()
    clean = odd.replace(b'"0.5"', b"0.50")
    check_same(bare)
    check_same(clean)
    for body, mended in ((clean, {}), (odd, {"text_for_number": 4})):
        page = decode(RawPage(body))
        assert page.mended == mended
        assert page.unknown_fields == {f"{table}.made_up.stranger": 1 for table in SCHEMAS}
        tables = assemble([page, page], first=0, end=2**40).tables
        for table, schema in SCHEMAS.items():
            assert tables[table].column_names == [*schema.names, "made_up_stranger"]
            for name, kind, _, value in FIELDS:
                column = tables[table].column(name)
                assert column.type == kind
                assert column[0].as_py() == value, (table, name)
                assert f"| `{name}` |" in data_dictionary()
            for backend in ("numpy_nullable", "pyarrow"):
                assert len(frame(tables[table], backend)) == len(tables[table])
    written = generated.DICTIONARY.read_text(encoding="utf-8")
    assert generated.renewed(written) != written, "it follows only when it is rewritten"


if __name__ == "__main__":
    main()
