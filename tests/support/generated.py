"""Rewrite what is generated: ``python -m tests.support.generated``."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import voxframe
from tests.support import public_api
from voxframe._cli.keys import keys_as_markdown
from voxframe._spec.repairs import repairs_as_markdown
from voxframe._spec.settled import settled_as_markdown
from voxframe._spec.tables import data_dictionary

DICTIONARY = Path(__file__).parents[2] / "notebooks" / "data-dictionary.md"


def receipt_as_markdown() -> str:
    """Return the fields of a receipt as Markdown: a line a field, as its docstring has them."""
    text = inspect.getdoc(voxframe.Receipt) or ""
    attributes = text.partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    fields = re.findall(r"^(\w[^:\n]*) : ([^\n]+)\n((?: +[^\n]+\n?)+)", attributes, re.MULTILINE)
    rows = [
        f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {kind} "
        f"| {' '.join(meaning.split()).replace('``', '`')} |"
        for names, kind, meaning in fields
    ]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows]) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "data dictionary": data_dictionary,
    "fields of a receipt": receipt_as_markdown,
    "words of settled": settled_as_markdown,
    "vocabulary of repairs": repairs_as_markdown,
    "keys of the line of JSON": keys_as_markdown,
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
