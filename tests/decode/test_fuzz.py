"""Random pages, some of their values odd: the fast way, the tolerant way and an own opinion."""

import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from typing import Any

from tests.support import plain_decoder
from voxframe._decode import fast as _fast
from voxframe._decode import tolerant as _tolerant
from voxframe._decode.columns import Columns, typed
from voxframe.errors import DecodeError

QUICK, FULL, CHUNK = 1_000, 1_000_000, 2_000


def same(got: Any, want: Any) -> bool:
    if isinstance(got, str) and not isinstance(want, str):
        return bool(json.loads(got, parse_float=Decimal) == want)
    return bool(got == want)


def both(body: bytes, unknown_fields: str) -> tuple[Columns | None, Columns | None]:
    """Return what the fast and the tolerant way make of a page, None if they refuse it."""
    fast = _fast.read(body, unknown_fields)
    slow: Columns | None
    try:
        slow = _tolerant.read(body, unknown_fields, "")
    except DecodeError:
        slow = None
    if fast is not None:
        assert slow is not None, body
        assert fast.mended == slow.mended, body
        assert fast.unknown_fields == slow.unknown_fields, body
        assert typed(fast) == typed(slow), body
    return fast, slow


def judge(body: bytes, *, ignore: bool) -> str:
    try:
        want = plain_decoder.decoded(body)
    except plain_decoder.RefusedError:
        want = None
    if ignore:
        both(body, "ignore")
    fast, slow = both(body, "keep")
    if slow is None:
        # In an unknown field, which the other opinion does not look at.
        assert want is None or b"NaN" in body or b"Infinity" in body, body
        return "refused"
    assert want is not None, body
    tables = typed(slow)
    for table, rows in want.items():
        assert len(tables[table]) == len(rows), body
        for name in rows[0] if rows else ():
            for got, row in zip(tables[table].column(name).to_pylist(), rows, strict=True):
                assert same(got, row[name]), (name, got, row[name], body)
    if fast is None:
        return "tolerant"
    return "rewritten" if fast.mended.keys() - {"cost_rounded"} else "fast"


def judged(seeds: range) -> Counter[str]:
    return Counter(judge(plain_decoder.page(seed), ignore=seed % 4 == 0) for seed in seeds)


def test_three_opinions_on_random_pages(full: bool) -> None:
    if full:
        chunks = [range(at, at + CHUNK) for at in range(0, FULL, CHUNK)]
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
            seen = sum(processes.map(judged, chunks), Counter[str]())
        print(dict(seen))  # noqa: T201 - the counters of a run that takes an hour
    else:
        seen = judged(range(QUICK))
    assert min(seen[kind] for kind in ("fast", "rewritten", "tolerant", "refused")) > 25, seen
