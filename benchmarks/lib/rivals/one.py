"""One method on one task, as a process of its own: its scores, and what they cost.

    python -m lib.rivals.one METHOD TASK DATA SCORES.npy [VECTORS]

VECTORS is the folder with the encoder's vectors. The last line is a JSON object: `index`, seconds
for all texts and for all that is learned once; for each reader the milliseconds of its `profile`,
or model, and of its `scores`.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from lib.protocols import TASKS
from lib.rivals import BY_NAME, open_method
from lib.rivals.vectors import of_task


def main() -> None:
    """Read, learn, rank, write."""
    name, wanted, data, file, *folder = sys.argv[1:]
    rival, task = BY_NAME[name], TASKS[wanted](Path(data))
    method = open_method(rival, of_task(Path(folder[0]), task) if rival.encoder else None)
    started = time.perf_counter()
    method.learn(task.corpus or task.candidates, task.candidates)
    method.add()
    learned = time.perf_counter()
    wishes = method.read(task.profiles)
    profiled = time.perf_counter()
    scores = method.score(wishes)
    scored = time.perf_counter()
    np.save(file, scores.astype(np.float32))
    each = 1000 / len(task.profiles)
    said = {
        "index": learned - started,
        "profile": (profiled - learned) * each,
        "scores": (scored - profiled) * each,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
