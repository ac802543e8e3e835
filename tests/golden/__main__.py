"""Write the golden letters anew: `.venv/bin/python -m tests.golden`."""

from tests.golden.situations import FOLDER, SITUATIONS, letter


def main() -> None:
    """Both parts of every letter."""
    FOLDER.mkdir(exist_ok=True)
    for name in SITUATIONS:
        made = letter(name)
        (FOLDER / f"{name}.html").write_text(made.html, encoding="utf-8", newline="\n")
        (FOLDER / f"{name}.txt").write_text(made.text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(made.html.encode()):,} bytes of HTML")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
