"""Small words and measures that all of a letter shares."""

from collections.abc import Sequence

from digest.model import Interest, Reader

UNNAMED = "keywords"
VOTES = "your votes"
_AUTHORS = 4
_ZOTERO = ("zotero users/", "zotero groups/")  # no name of a file, which holds no slash
_SOURCES = {
    "arxiv": "arXiv", "biorxiv": "bioRxiv", "feeds": "your feeds", "file": "your files",
    "huggingface": "Hugging Face Daily Papers", "medrxiv": "medRxiv", "openalex": "OpenAlex",
}  # fmt: skip
_ASIDE = frozenset(("arxiv ids",))  # looked up for the ranking, announced by nobody
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip
_SHARES = {
    10: "a tenth", 20: "a fifth", 25: "a quarter", 30: "three tenths", 33: "a third",
    40: "two fifths", 50: "half", 60: "three fifths", 67: "two thirds", 70: "seven tenths",
    75: "three quarters", 80: "four fifths", 90: "nine tenths",
}  # fmt: skip


def is_library(reader: Reader, interest: str) -> bool:
    """Whether an interest of a reader stands for a library: it was given nothing but a name."""
    return interest != VOTES and Interest(interest) in reader.interests


def named(reader: Reader, interest: str) -> str:
    """An interest as it is spoken of within a sentence."""
    if interest == UNNAMED:
        return "your keywords"
    if not is_library(reader, interest):
        return interest
    return "your Zotero library" if interest.startswith(_ZOTERO) else f"your library {interest}"


def heading_of(reader: Reader, interest: str | None) -> str:
    """An interest as the heading of its papers."""
    if interest is None:
        return "Trending"
    if interest == UNNAMED:
        return "For you" if len(reader.interests) == 1 else "Your keywords"
    if interest == VOTES:
        return "More like what you liked"
    if is_library(reader, interest):
        return f"Close to {named(reader, interest)}"
    return interest[:1].upper() + interest[1:]


def figure(score: float) -> str:
    """A score as it is read: two places, and a minus that is one."""
    return f"{round(score, 2) + 0.0:.2f}".replace("-", "−")


def number_word(number: int) -> str:
    """A number as it is written within a sentence: in words up to twelve."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else f"{number:,}"


def counted(number: int, noun: str) -> str:
    """A number with what it counts, in the plural where it is not one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def share_of_letter(dial: int) -> str:
    """What the dial gives to what everyone reads, as a share of a letter.

    Args:
        dial: in percent, more than none and less than all.
    """
    return f"{_SHARES.get(dial, f'{dial} %')} of your letter"


def source_name(source: str) -> str:
    """A source as it is spoken of; empty for one that announces nothing."""
    return "" if source in _ASIDE else _SOURCES.get(source, source)


def listed(labels: Sequence[str]) -> str:
    """Labels with commas and a last `and`."""
    if len(labels) < 2:  # noqa: PLR2004 - one needs no "and"
        return "".join(labels)
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def byline(authors: Sequence[str], most: int) -> str:
    """Authors, shortened: four names, or three and how many others.

    Args:
        authors: all of them.
        most: how many characters of each name are shown.
    """
    names = [cut(author, most) for author in authors[:_AUTHORS]]
    if len(authors) > _AUTHORS:
        return f"{', '.join(names[:-1])} and {len(authors) - _AUTHORS + 1} others"
    return ", ".join(names)


def cut(text: str, most: int) -> str:
    """Text of bounded length, cut at a sentence where one ends late enough, else at a word."""
    if len(text) <= most:
        return text
    sentence = text.rfind(". ", 0, most)
    if sentence > most * 0.6:
        return text[: sentence + 1]
    word = text.rfind(" ", 0, most - 1)
    return text[: word if word > most // 2 else most - 1].rstrip(" ,;:-") + "…"
