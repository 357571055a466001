"""What scenarios attach to sessions and calls, in columns."""

import json
import re
from typing import Any

import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SESSION_ID
from voxframe.analysis._arguments import checked
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import History, Source

_IDS = {"sessions": (SESSION_ID,), "calls": (SESSION_ID, "call_id")}
# What is left of a text that was cut: whole pairs of an object, up to the last comma.
_DECODER = json.JSONDecoder(strict=False)


def _of_cut(text: str) -> dict[str, Any]:
    """Return the pairs of a cut JSON object that are whole."""
    found: dict[str, Any] = {}
    at = text.index("{") + 1
    while match := re.compile(r'\s*,?\s*(?=")').match(text, at):
        try:
            key, at = _DECODER.raw_decode(text, match.end())
            at = re.compile(r"\s*:\s*").match(text, at).end()  # type: ignore[union-attr]
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, AttributeError):
            break
        # A number at the very end may have lost digits.
        if end >= len(text) and not isinstance(value, (dict, list, str)):
            break
        found[str(key)], at = value, end
    return found


def _parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return a text's form (json, cut, text) and its pairs."""
    bare = text.strip()
    if not bare.startswith("{"):
        return "text", {}
    try:
        value = _DECODER.decode(bare)
    except (ValueError, RecursionError):
        return "cut", _of_cut(bare)
    return "json", value if isinstance(value, dict) else {}


def _written(value: Any) -> str | None:
    """Return a value as text: text as it is, all else as JSON."""
    if value is None or isinstance(value, str):
        # A cut within a letter may leave half of a pair, which no text can hold.
        return value and value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(value, ensure_ascii=True)


@checked
def custom_data(
    history: History, pattern: str | None = None, *, table: str = "sessions"
) -> pd.DataFrame:
    r"""Take ``custom_data`` apart into columns, so that a join with a CRM is one line.

    The service keeps a limited number of bytes, so JSON may be cut, in the middle of a
    letter even. Of a cut object the pairs that are whole are kept.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    pattern : str, optional
        A regular expression with named groups, for what is not JSON: of ``"4711|+4930…"``
        it is ``r"(?P<customer>\d+)\|(?P<phone>.*)"``. It has to fit the whole text.
        Without it, texts are JSON objects.
    table : {"sessions", "calls"}
        Whose ``custom_data``.

    Returns
    -------
    pandas.DataFrame
        One row a session or call, in their order: ``call_session_history_id`` (and
        ``call_id``), ``custom_data`` as it is; ``form``: ``json`` (an object), ``cut`` (one
        that was cut), ``pattern`` (it fits), ``text`` (anything else), null for nothing;
        then a column of text for each key or named group, in order of first appearance,
        null where it is not; a value that is not text as JSON. A key that is called like
        one of the first columns is prefixed with ``data.``.
        ``result["form"].value_counts()`` counts what was cut.

    Raises
    ------
    ValueError
        For an unknown table, or a pattern that is not a regular expression with a named
        group.

    Examples
    --------
    >>> data = analysis.custom_data(history)
    >>> data["form"].value_counts().to_dict()
    {'json': 979, 'text': 190}

    A customer's name beside each of its sessions:

    >>> crm = pd.DataFrame({"id": ["806"], "name": ["Ada"]})
    >>> crm.merge(data, on="id")[["name", "call_session_history_id"]].head(2)
      name  call_session_history_id
    0  Ada               3100000010
    1  Ada               3100006392
    """
    fits = None
    if pattern is not None:
        try:
            fits = re.compile(pattern, re.DOTALL)
        except (re.error, TypeError) as error:
            raise ValueError(f"pattern: is not a regular expression: {error}.") from error
        if not fits.groupindex:
            raise ValueError("pattern: has no named group such as (?P<customer>[0-9]+).")
    rows = Source.of(history)[table]
    forms: list[str | None] = []
    pairs: list[dict[str, Any]] = []
    for text in rows["custom_data"].to_pylist():
        form, found = (None, {}) if not text else _parsed(text)
        if fits is not None and text and (match := fits.fullmatch(text)):
            form, found = "pattern", match.groupdict()
        forms.append(form)
        pairs.append(found)
    known = {name: rows[name] for name in (*_IDS[table], "custom_data")}
    known["form"] = pa.array(forms, pa.string())
    groups = dict.fromkeys(fits.groupindex if fits else ())
    keys = dict.fromkeys([*groups, *(key for found in pairs for key in found)])
    taken = {key: f"data.{key}" if key in known else str(_written(key)) for key in keys}
    for key, name in taken.items():
        known[name] = pa.array([_written(found.get(key)) for found in pairs], pa.string())
    return to_frame(pa.table(known), "numpy_nullable")
