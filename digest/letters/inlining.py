"""CSS written into the tags that it is meant for: once for a template, else for each letter.

Mail programs that know no style sheets read `style` attributes. Where every selector speaks of a
tag alone, by its name, classes and id, what applies to it does not depend on where it stands: then
the template is inlined when it is loaded, and setting a letter costs nothing more. Templates that
build tags from variables, or are put together from several files, are inlined after they are set.
"""

import re
from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser

import css_inline

from digest.letters.tags import HOLE, TURN, Tag, is_holed, masked, tags_of

_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
_MARK = "data-place"
_PARTS = re.compile(r"\{%-?\+?\s*(?:extends|include|import|from|block)\b")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTORS = re.compile(r"([^{}]*+)(?:\{[^{}]*\}|[{}]|\Z)")
_ALONE = re.compile(r"[a-zA-Z0-9]*(?:[.#][\w-]+)*")
_AT_RULE = re.compile(r"@[^{};@]*+(?:;|\{(?:[^{}]|\{[^{}]*\})*+\})")
_SHEET = 16 * 1024  # signs of a style sheet: Gmail drops a longer one
_DEEPEST = 2000  # tags within tags: what lies far deeper ends the inliner, and the program with it
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_CHILDLESS = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))


def inlined_page(page: str) -> str:
    """A whole page with its style sheets inlined; rules for media stay.

    Raises:
        ValueError: where tags lie in tags too deeply to be read.
    """
    open_: Counter[str] = Counter()
    deep = 0
    for closing, name in _TAG.findall(page):
        tag = name.lower()
        if closing and open_[tag]:
            open_[tag] -= 1
            deep -= 1
        elif not closing and tag not in _CHILDLESS:
            open_[tag] += 1
            deep += 1
            if deep > _DEEPEST:
                raise ValueError(f"<{tag}> lies too deep within other tags: is it never closed?")
    return _INLINER.inline(page)


@lru_cache(maxsize=16)
def inlined(source: str) -> str | None:
    """A template with its style sheets inlined, line by line as it was.

    Returns:
        None where what applies is known only once the letter is set.

    Raises:
        ValueError: where a style sheet is far too long, or tags lie in tags too deeply.
    """
    page = masked(source)
    tags = list(tags_of(page))
    if any(tag.end - tag.stop > _SHEET for tag in tags if tag.name == "style"):
        raise ValueError(f"a <style> is longer than {_SHEET // 1024} KB: Gmail would drop it")
    if _PARTS.search(source) or not _is_plain(page, tags):
        return None
    styles = _styles(page, tags)
    if styles is None:
        return None
    edits = [edit for place, tag in enumerate(tags) for edit in _edits(source, tag, styles[place])]
    for start, stop, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[stop:]
    return source


def _is_plain(page: str, tags: list[Tag]) -> bool:
    """Whether each tag is whole as it stands, and each selector speaks of one tag alone."""
    for tag in tags:
        for name in ("class", "id", "style"):
            attribute = tag.of(name)
            if attribute and is_holed(attribute.value):
                return False
        if is_holed(_between(page, tag)):
            return False
        if tag.name == "style":
            css = _AT_RULE.sub("", _COMMENT.sub("", page[tag.stop : tag.end]))
            selectors = ",".join(_SELECTORS.findall(css)).split(",")
            if is_holed(css) or not all(_ALONE.fullmatch(one.strip()) for one in selectors):
                return False
    return True


def _between(page: str, tag: Tag) -> str:
    """A tag without its attributes."""
    starts = [*(one.start for one in tag.attributes), tag.stop]
    stops = [tag.start, *(one.stop for one in tag.attributes)]
    parts = (page[stop:start] for stop, start in zip(stops, starts, strict=True))
    names = (one.name for one in tag.attributes)
    return "".join((*parts, *names))


def _styles(page: str, tags: list[Tag]) -> list[str] | None:
    """The style of each tag, by its place; None where the page cannot be read as it stands."""
    parts, place = [], 0
    for number, tag in enumerate(tags):
        after_name = tag.start + 1 + len(tag.name)
        parts += [page[place:after_name], f' {_MARK}="{number}"']
        place = after_name
    marked = "".join((*parts, page[place:])).replace(HOLE, "").replace(TURN, "")
    reader = _Reader()
    reader.feed(inlined_page(marked))
    silent = {str(number) for number, tag in enumerate(tags) if tag.name == "style"}
    if reader.doubled or reader.styles.keys() | silent != {str(n) for n in range(len(tags))}:
        return None
    return [reader.styles.get(str(number), "") for number in range(len(tags))]


class _Reader(HTMLParser):
    """Collects the style of every marked tag."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: dict[str, str] = {}
        self.doubled = False

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        own = dict(attrs)
        mark = own.get(_MARK)
        if mark is not None:
            self.doubled |= mark in self.styles
            self.styles[mark] = own.get("style") or ""


def _edits(source: str, tag: Tag, style: str) -> list[tuple[int, int, str]]:
    """What changes at a tag: start, stop and the text instead."""
    if tag.name == "style":
        css = source[tag.stop : tag.end]
        kept = "\n".join(_AT_RULE.findall(_COMMENT.sub("", css)))
        text = f"\n{kept}\n" if kept else ""
        lines = "\n" * (css.count("\n") - text.count("\n"))  # errors name lines as they were
        return [(tag.stop, tag.end, f"{text}{{#{lines}#}}" if lines else text)]
    if not style:
        return []
    attribute = tag.of("style")
    text = f'style="{_shorter(style)}"'
    if attribute:
        return [(attribute.start, attribute.stop, text)]
    place = tag.stop - (2 if source[tag.stop - 2] == "/" else 1)
    return [(place, place, f" {text}")]


def _shorter(style: str) -> str:
    """A style without what may be left out."""
    parts = (part.strip() for part in style.replace('"', "'").split(";"))
    return ";".join(re.sub(r"^([\w-]+):\s+", r"\1:", part) for part in parts if part)
