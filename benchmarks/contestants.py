"""One contestant in its own process: reads the window, says what it took and what it got.

Imports are done before the clock starts. Every contestant but the floor says how
many rows and what cost it has, so that nobody wins by leaving something out.
"""

import argparse
import json
import tempfile
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from benchmarks import ours, peers
from benchmarks.contest import RACES, clock

__all__ = ["RACES", "ours", "peers"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=RACES)
    parser.add_argument("--url", required=True)
    parser.add_argument("--credentials", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--replay")
    parser.add_argument("--gzip", action="store_true")
    given = SimpleNamespace(**vars(parser.parse_args()))
    given.forget = lambda: urllib.request.urlopen(given.url + "/forget", b"{}").close()
    given.address = urlsplit(given.url).hostname, urlsplit(given.url).port
    with tempfile.TemporaryDirectory() as given.folder:
        try:
            go = RACES[given.name](given)
        except ImportError as error:
            print(json.dumps({"missing": error.name}))
            return
        result: dict[str, Any] = {}
        with clock(result, given):
            got = go()
        kept = (file.stat().st_size for file in Path(given.folder).rglob("*") if file.is_file())
        print(json.dumps(result | {"disk": sum(kept), "got": got}))


if __name__ == "__main__":
    main()
