"""Rewrite what is generated: ``python -m tests.support.generated``."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.support import public_api
from voxframe._spec.repairs import repairs_as_markdown
from voxframe._spec.tables import data_dictionary

DICTIONARY = Path(__file__).parents[2] / "notebooks" / "data-dictionary.md"
PARTS: dict[str, Callable[[], str]] = {
    "data dictionary": data_dictionary,
    "vocabulary of repairs": repairs_as_markdown,
}


def _between(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->\n)", re.DOTALL)


def renewed(text: str) -> str:
    """Return the text with each generated part as the code makes it now."""
    for name, make in PARTS.items():
        new = f"\\g<1>\n{make().replace(chr(92), chr(92) * 2)}\n\\g<2>"
        text, times = _between(name).subn(new, text)
        if times != 1:
            raise ValueError(
                f"{DICTIONARY.name} has {times} places for the {name}, needs to have one"
            )
    return text


if __name__ == "__main__":
    DICTIONARY.write_text(renewed(DICTIONARY.read_text(encoding="utf-8")), encoding="utf-8")
    public_api.PLACE.write_text(public_api.public_api(), encoding="utf-8")
