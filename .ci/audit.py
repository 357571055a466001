"""Say what an audit found, and end with 1 where there are known faults."""

import json
import sys
from pathlib import Path


def main(known: Path, said: Path) -> int:
    """Print a line a fault, or how far the answer goes."""
    if not known.exists():
        reason = said.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["no reason given"]
        print(f"not checked, since nobody could be asked: {reason[0][:200]}")
        return 0
    answers = json.loads(known.read_text(encoding="utf-8"))["dependencies"]
    checked = [each for each in answers if "vulns" in each]
    print(f"{len(checked)} of {len(answers)} packages are known to the service that was asked")
    faults = [(each, fault) for each in checked for fault in each["vulns"]]
    for each, fault in faults:
        cure = ", ".join(fault["fix_versions"]) or "no version"
        print(f"{each['name']} {each['version']}: {fault['id']}, mended by {cure}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
