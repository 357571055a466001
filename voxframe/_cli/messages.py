"""Messages about Python's keywords and functions, as messages about options and commands."""

import re
from collections.abc import Collection

from voxframe._spec.parameters import PARAMETERS

# Keywords that are not English words as well, not inside a path or a quotation.
_KEYWORDS = ["from_date", "to_date", "base_url", "max_concurrency", "unknown_fields"] + [
    name for name, each in PARAMETERS.items() if "_" in name and each.role == "filter"
]
_KEYWORD = re.compile(rf"(?<![\w'\"/.-])(?:{'|'.join(_KEYWORDS)})(?![\w'\"/=])")
# Of these a command may have no such option: it is not spoken of then.
_MONTH = re.compile(r", or give the whole month as pandas\.Period\('([\d-]+)'\)")
_DAY = re.compile(r", or pandas\.Period\('[^']*'\) alone")
_PHRASES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"audit_call_history\(…, repair=True\)", "voxframe audit --repair"),
        (r"CallHistory\.from_parquet reads", "voxframe report and voxframe download read"),
        (r"read_call_history sends", "voxframe export sends"),
        (r"\b(audit|count|export|sync)_call_history\b", r"voxframe \1"),
        (r"\bpass ((?:overwrite|repair|with_\w+|currency)=)", r"give \1"),
        (r"\b(overwrite|repair)=True\b", r"--\1"),
        (r"\bvanished='(\w+)'", r"--vanished \1"),
        (r"\bwith_other_resources=False\b", "--no-other-resources"),
        (r"\bwith_(calls|records)=False\b", r"--no-\1"),
        (r"\bcurrency='(\w+)'", r"--currency \1"),
        (r"\bcurrency=\{([^:]+): '(\w+)', \.\.\.\}", r"--currency \1=\2"),
        (r", or pass a RetryPolicy that waits longer", ""),
        (r", or pass storage_options", ""),
        (r"\bpass the path of the key file\b", "name the key file with --credentials"),
    )
]


def as_option(message: str, options: Collection[str]) -> str:
    """Return a message about keywords as one about the options of a command."""
    name, colon, rest = message.partition(":")
    if colon and option_of(name) in options:
        message = option_of(name) + colon + rest
    for pattern, replacement in _PHRASES:
        message = pattern.sub(replacement, message)
    message = _DAY.sub("", message)
    message = _MONTH.sub(r", or give --month \1" if "--month" in options else "", message)
    return _KEYWORD.sub(lambda found: option_of(found[0]), message)


def option_of(keyword: str) -> str:
    """Return a keyword as the command line spells it."""
    return f"--{keyword.removesuffix('_date').replace('_', '-')}"
