"""The replay of past dates on a reader's own votes: what a change of settings would have done.

`questions` says which dates can be asked about, `replay` makes their editions as they would have
been, `measures` compares them with what the reader liked, `verdict` says what can be told of it.
"""

from digest.evaluation.nouns import Evaluation, Figure, Replayed, Shown, Variant, Verdict
from digest.evaluation.replay import Replay, evaluate

__all__ = [
    "Evaluation",
    "Figure",
    "Replay",
    "Replayed",
    "Shown",
    "Variant",
    "Verdict",
    "evaluate",
]
