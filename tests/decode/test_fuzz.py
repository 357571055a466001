"""Random pages, some of their values odd: the fast way, the tolerant way and an own opinion."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from tests.support import plain_decoder
from voxframe._decode import fast as _fast
from voxframe._decode import tolerant as _tolerant
from voxframe._decode.columns import Columns, typed
from voxframe.errors import DecodeError

QUICK, FULL = 2_000, 1_000_000


def same(got: Any, want: Any) -> bool:
    if isinstance(got, str) and not isinstance(want, str):
        return bool(json.loads(got, parse_float=Decimal) == want)
    return bool(got == want)


def judge(body: bytes) -> str:
    try:
        want = plain_decoder.decoded(body)
    except plain_decoder.RefusedError:
        want = None
    fast = _fast.read(body, "keep")
    slow: Columns | None
    try:
        slow = _tolerant.read(body, "keep", "")
    except DecodeError:
        slow = None
    if fast is not None:
        assert slow is not None, body
        assert fast.mended == slow.mended, body
        assert fast.unknown_fields == slow.unknown_fields, body
        assert typed(fast) == typed(slow), body
    if slow is None:
        assert want is None or b'"stranger"' in body, body
        return "refused"
    assert want is not None, body
    for table, rows, fields in zip(
        ("sessions", "calls"), want, (plain_decoder.SESSION, plain_decoder.CALL), strict=True
    ):
        columns = typed(slow)[table]
        for name in fields:
            values = columns.column(name).to_pylist()
            assert len(values) == len(rows), body
            for got, row in zip(values, rows, strict=True):
                assert same(got, row[name]), (name, got, row[name], body)
    return "fast" if fast is not None else "tolerant"


def test_three_opinions_on_random_pages(full: bool) -> None:
    seen = Counter(judge(plain_decoder.page(seed)) for seed in range(FULL if full else QUICK))
    assert min(seen[kind] for kind in ("fast", "tolerant", "refused")) > 50, seen
