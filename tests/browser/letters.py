"""Pictures of the golden letters for docs/letter.md: `.venv/bin/python -m tests.browser.letters`.

By day, by night and on a phone, made by Chromium; and the three of the README.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser.png import smaller
from tests.golden.situations import SITUATIONS, letter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
FOLDER = PICTURES / "letters"
WIDTHS = {"light": 720, "dark": 720, "phone": 390}
MOST, IN_README = 1800, 1240  # pixels from top to bottom
README = {"light": "letter.png", "dark": "letter-dark.png", "phone": "letter-phone.png"}


def picture(browser: "Browser", html: str, look: str, path: Path, most: int) -> None:
    """The upper part of a letter, at most so many pixels of it."""
    width = WIDTHS[look]
    context = browser.new_context(
        viewport={"width": width, "height": 300},
        color_scheme="dark" if look == "dark" else "light",
        java_script_enabled=False,
    )
    page = context.new_page()
    page.set_content(html)
    tall = round(page.locator("body").bounding_box()["height"])  # type: ignore[index]
    page.set_viewport_size({"width": width, "height": min(tall, most)})
    path.write_bytes(smaller(page.screenshot()))
    context.close()


def main() -> None:
    """Make all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name in SITUATIONS:
            for look in WIDTHS:
                path = FOLDER / f"{name}-{look}.png"
                picture(browser, letter(name).html, look, path, MOST)
                print(path.name, path.stat().st_size)  # noqa: T201 - a script
        for look, file in README.items():
            picture(browser, letter("daily").html, look, PICTURES / file, IN_README)
        browser.close()


if __name__ == "__main__":
    main()
