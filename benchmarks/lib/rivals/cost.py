"""What new papers cost before they are ranked for a thousand readers, as a process of its own.

    python -m lib.rivals.cost METHOD BED.json

The bed has known abstracts, new ones, and the papers that each reader likes. What is learned once,
and readers' models where they are kept, is done before the clock starts; models that have to be
trained whenever papers come are trained for the first readers, and count for all. The vectors of a
method that needs them are invented: encoding is measured apart, and time does not depend on them.
The last line is a JSON object, milliseconds for each new paper: `weigh` and `score`, each the
median of three times (of one where models are trained).
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.protocols import Profile
from lib.rivals import BY_NAME, Method, open_method
from lib.rivals.vectors import invented

TRAINED = 50
TIMES = 3


def main() -> None:
    """Learn, then measure."""
    rival = BY_NAME[sys.argv[1]]
    bed = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    known, new = bed["known"], bed["new"]
    readers = [Profile(liked=tuple(liked)) for liked in bed["readers"]]
    vectors = invented(len(known), len(new)) if rival.encoder else None
    method = open_method(rival, vectors)
    method.learn(known, new)
    asked = readers[:TRAINED] if rival.anew else readers
    wishes = None if rival.anew else method.read(asked)
    share = len(readers) / len(asked)
    times = np.array([_once(method, wishes, asked) for _ in range(1 if rival.anew else TIMES)])
    weigh, score = (np.median(times, axis=0) * 1000 / len(new)).tolist()
    said = {"weigh": weigh, "score": score * share}
    print(json.dumps(said))


def _once(method: Method, wishes: object, asked: Sequence[Profile]) -> tuple[float, float]:
    """Seconds to make the new papers ready, and to score them; without wishes these are made."""
    started = time.perf_counter()
    method.add()
    weighed = time.perf_counter()
    method.score(method.read(asked) if wishes is None else wishes)
    return weighed - started, time.perf_counter() - weighed


if __name__ == "__main__":
    main()
