"""Whether what is asked is what a dataset was written of."""

from collections.abc import Mapping
from typing import Any

from voxframe._dataset.manifest import Manifest


def difference(manifest: Manifest, query: Mapping[str, Any]) -> str:
    """Return in what a dataset was written of another query, without any filter's value."""
    before, now = set(manifest.query["filters"]), set(query["filters"])
    found = [
        f"{word} {', '.join(sorted(names))}"
        for word, names in (("with", before - now), ("without", now - before))
        if names
    ]
    if found:
        return f"it was written {' and '.join(found)}"
    receipt = manifest.receipt
    whose = (
        f"; it is of account {receipt.account_id} at {receipt.address}"
        if receipt is not None and receipt.account_id is not None
        else ""
    )
    return f"the filters have the same names, so a value, the account or the address differs{whose}"
