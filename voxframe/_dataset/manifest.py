"""What an export is of and how far it is: one small file beside the data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxframe._dataset.disk import write_text
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

HOUSEKEEPING = "_voxframe"
"""Folder inside an export that is not data; its underscore hides it from dataset readers."""

_MANIFEST = "manifest.json"
_VERSION = 1


@dataclass(slots=True)
class Manifest:
    """What an export is of, and how far it is.

    Attributes
    ----------
    query : Mapping
        The window in words, and a fingerprint of the whole query; no filter's
        value, since phone numbers are among them.
    days : dict
        Finished days, ``YYYY-MM-DD``, with the rows of each table.
    complete : bool
        Whether that is all of them.
    receipt : Mapping or None
        What was spent so far, stretches read twice included.
    """

    query: Mapping[str, Any]
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    complete: bool = False
    receipt: Mapping[str, Any] | None = None

    @classmethod
    def load(cls, root: Path) -> "Manifest | None":
        """Read the manifest of an export; None if there is no export."""
        try:
            text = (root / HOUSEKEEPING / _MANIFEST).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ExportError(f"{root} cannot be read: {error.strerror}") from error
        try:
            plain = json.loads(text)
            if plain["version"] != _VERSION:
                raise ExportError(f"{root} was written by another version of voxframe")
            return cls(plain["query"], plain["days"], plain["complete"], plain["receipt"])
        except (ValueError, KeyError, TypeError):
            raise ExportError(f"{root} holds a manifest that cannot be read") from None

    def save(self, root: Path) -> None:
        """Write it, as a whole or not at all."""
        plain = {
            "version": _VERSION,
            "query": dict(self.query),
            "days": self.days,
            "complete": self.complete,
            "receipt": self.receipt,
        }
        write_text(root / HOUSEKEEPING / _MANIFEST, json.dumps(plain, indent=1))

    def spend(self, receipt: Receipt) -> None:
        """Add what one stretch of time took."""
        before = [] if self.receipt is None else [Receipt.from_dict(self.receipt)]
        self.receipt = Receipt.sum([*before, receipt]).to_dict()

    def summary(self) -> Receipt:
        """Say what is there and what it took."""
        rows = {name: sum(counts[name] for counts in self.days.values()) for name in SCHEMAS}
        return Receipt.from_dict({**(self.receipt or {}), **rows})
