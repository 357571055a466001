"""Odd values of one field, put right in a page's bytes so that Arrow can read the page after all.

Only what is worth it: what services do to a field again and again, such as ``""`` or ``"60"`` for
a number. The rest is for the tolerant way.
"""

import functools
import re
from collections import Counter, defaultdict

import pyarrow as pa

from voxframe._decode.columns import PREFIXES
from voxframe._spec.tables import CATEGORY, CHILDREN, MONEY, PATHS, SCHEMAS

# Digits that each type holds whatever they are; longer ones are for the tolerant way.
_INTEGER = rb"-?(?:0|[1-9][0-9]{0,17})"
_TEXT = rb"(?P<number_for_text>0|-?[1-9][0-9]{0,17})(?=[\s,}\]])"
_NOTHING = rb'""'
# A group is named for the kind of repair that its value takes; none of them is empty text.
_ODD = {
    pa.int64(): rb'"(?P<text_for_number>%s)?"' % _INTEGER,
    pa.float64(): rb'"(?P<text_for_number>%s(?:\.[0-9]{1,24})?)?"' % _INTEGER,
    MONEY: rb'"(?P<text_for_number>%s(?:\.[0-9]{1,24})?)?"' % _INTEGER,
    pa.bool_(): rb'"(?P<text_for_bool>true|false)?"|(?P<number_for_bool>[01])(?=[\s,}\]])',
    pa.string(): _TEXT,
    CATEGORY: _TEXT,
}
_TRUTH = {b"0": b"false", b"1": b"true"}


@functools.cache  # not at import: most reads need none, and compiling them takes a while
def _patterns() -> dict[str, re.Pattern[bytes]]:
    """Return what odd values look like, for each key that stands for one type wherever it is."""
    found: dict[str, set[bytes | None]] = defaultdict(set)
    for key in ("total_count", "count"):
        found[key].add(_ODD[pa.int64()])
    for key in CHILDREN.values():
        found[key].add(_NOTHING)
    for table, paths in PATHS.items():
        for prefix in PREFIXES[table][1:]:
            found[prefix[-1]].add(_NOTHING)
        for name, path in paths.items():
            found[path[-1]].add(_ODD.get(SCHEMAS[table].field(name).type))
    patterns = {}
    for key, (odd, *others) in found.items():
        # In JSON a quote after one of these bytes is not escaped, and before a name it opens one.
        quoted = b'"%s"' % re.escape(key.encode())
        if odd is not None and not others:
            patterns[key] = re.compile(rb"(%s(?<=[{,\s]%s)\s*:\s*)(?:%s)" % (quoted, quoted, odd))
    return patterns


def rewritten(body: bytes, key: str, mended: Counter[str]) -> bytes:
    """Return a page with the odd values of a key as its column has them, each counted."""

    def written(match: re.Match[bytes]) -> bytes:
        kind = match.lastgroup or "empty_text"
        mended[kind] += 1
        if kind == "empty_text":
            value = b"null"
        elif kind == "number_for_text":
            value = b'"%s"' % match[kind]
        else:
            value = _TRUTH[match[kind]] if kind == "number_for_bool" else match[kind]
        return match[1] + value

    pattern = _patterns().get(key)
    return body if pattern is None else pattern.sub(written, body)
