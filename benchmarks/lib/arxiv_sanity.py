"""arxiv-sanity-lite's two daily jobs, written anew from what is known of them, as whole processes.

    python benchmarks/lib/arxiv_sanity.py make-db PAPERS.jsonl.gz DB --papers 100000
    python benchmarks/lib/arxiv_sanity.py features DB FEATURES
    python benchmarks/lib/arxiv_sanity.py recommend DB FEATURES TAGS.json --tags 10

`features`: TF-IDF over title, abstract and authors of the whole database, which is read twice: once
for the vocabulary, once for the rows. Nothing is kept from the day before. `recommend`: for each
tag a linear SVM with all other papers as negatives, then the best papers of the last days. The
database is a file of pickled and compressed records, read one by one. Where it is unknown what the
original does, this does less: there are no locks, no log, no mail, and only papers of the last days
are scored.
"""

import argparse
import json
import pickle
import sqlite3
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

DAY = 24 * 60 * 60
TOP = 20


def vectorizer(longest: int = 2) -> TfidfVectorizer:
    """Its features; `longest` is 1 where the order of words means nothing."""
    return TfidfVectorizer(
        input="content",
        strip_accents="unicode",
        lowercase=True,
        analyzer="word",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106 - a pattern of words
        ngram_range=(1, longest),
        max_features=20_000,
        norm="l2",
        use_idf=True,
        smooth_idf=True,
        sublinear_tf=True,
        max_df=0.1,
        min_df=5,
    )


def fitted(features: sparse.csr_matrix, liked: np.ndarray) -> LinearSVC:
    """Its model of one tag: `liked` are rows; every other row counts as disliked."""
    wanted = np.zeros(features.shape[0], dtype=np.float32)
    wanted[liked] = 1.0
    model = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        return model.fit(features, wanted)


def make_database(papers: Path, database: Path, most: int) -> dict[str, int]:
    """Write the first papers of the data as records: keys, and values pickled and compressed."""
    from shared import read_lines  # noqa: PLC0415 - the two jobs do not need it

    count = 0
    with closing(sqlite3.connect(database)) as base, base:
        for name in ("papers", "metas"):
            base.execute(f"CREATE TABLE {name} (key TEXT PRIMARY KEY, value BLOB)")
        for fields, _ in zip(read_lines(papers), range(most), strict=False):
            key, at = fields["id"].removeprefix("arxiv:"), _seconds(fields["date"])
            authors = [{"name": name} for name in fields.get("authors") or ()]
            record = {
                "_id": key,
                "_time": at,
                "title": fields["title"],
                "summary": fields.get("abstract") or "",
                "authors": authors,
                "tags": [{"term": term} for term in fields.get("categories") or ()],
            }
            base.execute("INSERT OR REPLACE INTO papers VALUES (?, ?)", (key, _packed(record)))
            meta = {"_time": at}
            base.execute("INSERT OR REPLACE INTO metas VALUES (?, ?)", (key, _packed(meta)))
            count += 1
    return {"papers": count}


def features(database: Path, file: Path) -> dict[str, int]:
    """Read all texts twice, weigh them, keep everything in one pickle."""
    with closing(sqlite3.connect(database)) as base:
        keys = [key for (key,) in base.execute("SELECT key FROM papers ORDER BY rowid")]
        weigh = vectorizer()
        weigh.fit(_texts(base, keys))
        rows = weigh.transform(_texts(base, keys)).astype(np.float32)
    kept = {"pids": keys, "x": rows, "vocab": weigh.vocabulary_, "idf": weigh.idf_}
    with file.open("wb") as out:
        pickle.dump(kept, out, protocol=pickle.HIGHEST_PROTOCOL)
    return {"papers": rows.shape[0], "terms": rows.shape[1]}


def recommend(database: Path, file: Path, tags: dict[str, list[str]], days: int) -> dict[str, Any]:
    """The best new papers for each tag: keys, best first; `each` are seconds a tag."""
    with file.open("rb") as kept:
        loaded = pickle.load(kept)  # noqa: S301 - written by `features`
    keys, rows = loaded["pids"], loaded["x"]
    place = {key: number for number, key in enumerate(keys)}
    fresh = _fresh(database, keys, days)
    candidates = rows[fresh]
    found, started = {}, time.perf_counter()
    for name, liked in tags.items():
        model = fitted(rows, np.array([place[key] for key in liked if key in place]))
        scores = model.decision_function(candidates)
        ranked = [keys[fresh[number]] for number in np.argsort(-scores)]
        has = set(liked)
        found[name] = [key for key in ranked if key not in has][:TOP]
    each = (time.perf_counter() - started) / len(tags)
    return {"candidates": len(fresh), "picks": found, "each": each}


def _fresh(database: Path, keys: list[str], days: int) -> np.ndarray:
    """The numbers of papers of the last days, the latest day of the database being the last."""
    with closing(sqlite3.connect(database)) as base:
        stored = base.execute("SELECT key, value FROM metas")
        times = {key: _unpacked(value)["_time"] for key, value in stored}
    last = max(times.values())
    return np.array([n for n, key in enumerate(keys) if times[key] > last - days * DAY])


def _texts(base: sqlite3.Connection, keys: list[str]) -> Iterator[str]:
    for key in keys:
        (value,) = base.execute("SELECT value FROM papers WHERE key = ?", (key,)).fetchone()
        record = _unpacked(value)
        authors = " ".join(author["name"] for author in record["authors"])
        yield " ".join([record["title"], record["summary"], authors])


def _seconds(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def _packed(record: dict[str, Any]) -> bytes:
    return zlib.compress(pickle.dumps(record, pickle.HIGHEST_PROTOCOL))


def _unpacked(value: bytes) -> dict[str, Any]:
    return pickle.loads(zlib.decompress(value))  # type: ignore[no-any-return]  # noqa: S301


def main() -> None:
    """One of the three jobs; prints a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = parser.add_subparsers(required=True)
    _job(jobs, "make-db", ("papers", "database"), _make_database).add_argument(
        "--papers", dest="most", type=int, default=100_000
    )
    _job(jobs, "features", ("database", "features"), _features)
    ranked = _job(jobs, "recommend", ("database", "features", "tags"), _recommend)
    ranked.add_argument("--tags", dest="most", type=int)
    ranked.add_argument("--days", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(arguments.call(arguments)))


def _job(
    jobs: Any,  # noqa: ANN401 - argparse keeps this class to itself
    name: str,
    places: tuple[str, ...],
    call: Callable[[argparse.Namespace], dict[str, Any]],
) -> argparse.ArgumentParser:
    job: argparse.ArgumentParser = jobs.add_parser(name)
    for place in places:
        job.add_argument(place, type=Path)
    job.set_defaults(call=call)
    return job


def _make_database(arguments: argparse.Namespace) -> dict[str, Any]:
    return make_database(arguments.papers, arguments.database, arguments.most)


def _features(arguments: argparse.Namespace) -> dict[str, Any]:
    return features(arguments.database, arguments.features)


def _recommend(arguments: argparse.Namespace) -> dict[str, Any]:
    tags = json.loads(arguments.tags.read_text(encoding="utf-8"))
    chosen = dict(list(tags.items())[: arguments.most])
    return recommend(arguments.database, arguments.features, chosen, arguments.days)


if __name__ == "__main__":
    sys.exit(main())
