"""The folder of real data: beside the checkout, or by DIGEST_SHARED."""

import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """The data, or an end with exit code 2 and one line that says what is missing."""
    place = Path(os.environ.get("DIGEST_SHARED") or CHECKOUT.parent / "shared")
    if not (place / "data" / "README.md").is_file():
        give_up(f"no real data in {place}: put it there or name its folder with DIGEST_SHARED")
    return place / "data"


def need(file: Path) -> Path:
    """This file, or the same end."""
    if not file.is_file():
        give_up(f"{file} is missing: put the data there or name its folder with DIGEST_SHARED")
    return file


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a compressed file with one JSON object a line."""
    with gzip.open(need(file), "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def give_up(why: str) -> None:
    """End with exit code 2: nothing was measured."""
    print(why, file=sys.stderr)
    raise SystemExit(2)
