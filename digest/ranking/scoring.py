"""What palates give pages: one product for a shard of readers."""

from collections.abc import Callable, Sequence

import numpy as np

from digest.ranking import Scores
from digest.ranking.pages import Pages
from digest.ranking.phrases import Phrases
from digest.ranking.sheet import COLUMNS
from digest.ranking.taste import Palate, Taste


def fits(
    palates: Sequence[Palate],
    phrases: Phrases,
    pages: Pages,
    stands: Callable[[int, int], bool] | None = None,
) -> Scores:
    """How well each text fits each palate, [palates x texts]; 0 is the average paper of the past.

    Args:
        palates: of a shard.
        phrases: their quoted phrases, in the same order.
        pages: the texts.
        stands: whether (phrase, text) is so in the text as written.
    """
    if not palates:
        return np.zeros((0, len(pages)), np.float32)
    tastes = [taste for palate in palates for taste in palate.tastes]
    counts = np.array([len(palate.tastes) for palate in palates])
    scale, spread, centre, gain = (
        np.array([getattr(taste, name) for taste in tastes], np.float32)[:, None]
        for name in ("lexical_scale", "subject_scale", "centre", "gain")
    )
    found = pages.lexical(tastes)
    if phrases.texts:
        found += np.repeat(phrases.products(pages, stands), counts, axis=0)
    found /= scale
    found += pages.subject(tastes) / spread
    found -= centre
    found *= gain
    if counts.max() == 1:
        return found
    best: Scores = np.maximum.reduceat(found, np.cumsum(counts) - counts, axis=0)
    return best


def rough_fits(taste: Taste, phrases: Phrases, pages: Pages) -> Scores:
    """How well each text fits one taste at best, [texts]; for looking through very many texts.

    A quoted phrase counts by its words, wherever they stand, so no fit is below that of `fits`.

    Args:
        taste: of one wish.
        phrases: of the same wish.
        pages: the texts.
    """
    wanted = np.zeros(COLUMNS, np.float32)
    wanted[taste.columns] = taste.values
    for phrase, weight in zip(phrases.weights.indices, phrases.weights.data, strict=True):
        row = phrases.vectors[[phrase]]
        wanted[row.indices] += weight * row.data
    found = pages.vectors @ wanted - taste.mean_share * pages.common
    if pages.z.shape[1]:
        found = found - pages.z @ taste.calm
    fit = found / taste.lexical_scale + pages.subject([taste])[0] / taste.subject_scale
    return np.asarray(taste.gain * (fit - taste.centre), np.float32)
