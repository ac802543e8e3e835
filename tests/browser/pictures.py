"""The pictures of docs/web.md, made anew: `.venv/bin/python -m tests.browser.pictures`.

All papers in them are invented: those of `digest demo`, spread over some days.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from digest.grammar.interests import parse_interest
from tests.browser.town import DESKTOP, PHONE, Town, Visitor, open_town, visiting
from tests.kinds import kinds, settle

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "docs" / "pictures"
SAMPLE = CHECKOUT / "digest" / "sample" / "papers.jsonl"
DAYS = 4
INTERESTS = (
    ("anomalies", '"anomaly detection", monitoring, leaks, alarm'),
    ("graphs and molecules", "graph, graphlet, molecules, crystal"),
)
QUESTION = "a broken sensor"


@dataclass(frozen=True)
class Picture:
    """One picture: what is opened, how wide the window is, and whether it is night."""

    name: str
    kind: str
    size: tuple[int, int] = DESKTOP
    dark: bool = False
    act: Callable[[Visitor], object] | None = None


def _typed(visitor: Visitor) -> None:
    with visitor.page.expect_response("**/preview/part*"):
        visitor.page.get_by_label("What do you read about?").fill('"anomaly detection", leaks')
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.evaluate("document.activeElement.blur()")


PICTURES = (
    Picture("front", "front"),
    Picture("week-phone", "week", PHONE),
    Picture("week-dark", "week", dark=True),
    Picture("paper", "paper"),
    Picture("search", "found"),
    Picture("subscribe", "subscribe", act=_typed),
    Picture("subscribe-phone-dark", "subscribe", PHONE, dark=True),
    Picture("preferences", "preferences"),
    Picture("vote-phone", "vote", PHONE),
    Picture("why-dark", "why", dark=True),
    Picture("edition-phone-dark", "edition", PHONE, dark=True),
    Picture("archive", "archive"),
    Picture("unsubscribe-phone", "unsubscribe", PHONE),
)


def spread(folder: Path, town: Town) -> list[Path]:
    """The sample as files, one for each day up to today: each with its papers, and more upvotes."""
    papers = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    files = []
    for day in range(DAYS):
        moment = town.pages.now - timedelta(days=DAYS - 1 - day)
        lines = []
        for number, paper in enumerate(papers):
            announced = number % DAYS
            if announced > day:
                continue
            grown = round(paper.get("upvotes", 3) * (1 - 0.55 ** (day - announced + 1)))
            date = (town.pages.now - timedelta(days=DAYS - 1 - announced)).date()
            seen = {"upvotes": grown, "observed": moment.isoformat(), "date": f"{date}"}
            lines.append(json.dumps(paper | seen))
        files.append(folder / f"{day}.jsonl")
        files[-1].write_text("\n".join(lines), encoding="utf-8")
    return files


def fill(town: Town, folder: Path) -> str:
    """Some days of papers, a reader with editions and votes; returns the key of a paper."""
    files = spread(folder, town)
    town.pages.now -= timedelta(days=DAYS - 1)
    for day, file in enumerate(files):
        if day < 1:
            town.run(file)
        elif day == 1:
            settle(town.pages, [parse_interest(*one) for one in INTERESTS], [file])
        else:
            town.run(file)
        if day < DAYS - 1:
            town.wait_a_day()
    first = [json.loads(line) for line in files[0].read_text(encoding="utf-8").splitlines()]
    return str(max(first, key=lambda paper: paper["upvotes"])["id"])


def main() -> None:
    """Make all pictures."""
    program = shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_town(Path(folder)) as town,
        sync_playwright() as playwright,
    ):
        paper = fill(town, Path(folder))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        addresses = {kind.name: kind.address for kind in kinds(town.pages, paper, QUESTION)}
        for picture in PICTURES:
            with visiting(browser, town.base, size=picture.size, dark=picture.dark) as visitor:
                visitor.go(addresses[picture.kind])
                if picture.act is not None:
                    picture.act(visitor)
                path = FOLDER / f"web-{picture.name}.png"
                visitor.page.screenshot(path=path)
                print(path.name, path.stat().st_size)  # noqa: T201 - a script
        browser.close()


if __name__ == "__main__":
    main()
