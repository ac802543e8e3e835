"""How much is installed of packages with all that they require, in the environment that asks.

    python -m lib.rivals.installed PACKAGE…

Prints a JSON object: each distribution and the bytes of its files. What a distribution requires
only on another platform or for an extra counts as far as it is there without it.
"""

import json
import re
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def installed(roots: Sequence[str]) -> dict[str, int]:
    """Bytes of each distribution, by its normal name.

    Raises:
        PackageNotFoundError: where one of the roots is not there.
    """
    found: dict[str, int] = {}
    waiting = [(root, True) for root in roots]
    while waiting:
        name, needed = waiting.pop()
        if normal(name) in found:
            continue
        try:
            one = distribution(name)
        except PackageNotFoundError:
            if needed:
                raise
            continue
        found[normal(name)] = _size(one)
        waiting += [(required, False) for required in required_by(one.requires or ())]
    return found


def required_by(lines: Sequence[str]) -> list[str]:
    """The names in these requirements, without those of extras."""
    wanted = [line for line in lines if "extra ==" not in line.partition(";")[2]]
    return [match[0] for line in wanted if (match := _NAME.match(line))]


def normal(name: str) -> str:
    """One spelling for each name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _size(one: Distribution) -> int:
    places = (one.locate_file(file) for file in one.files or ())
    return sum(place.stat().st_size for place in places if place.is_file())


if __name__ == "__main__":
    print(json.dumps(installed(sys.argv[1:])))
