"""The documentation says what the program does: commands, options, settings, links."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from digest.cli import COMMANDS, cli
from digest.config import load
from digest.wiring import build
from tests.conftest import DATA, Digest

SHARED_OPTIONS = {"--config", "--database", "--help"}


def documents(checkout: Path) -> list[Path]:
    """Everything that is written for people."""
    return [checkout / "README.md", checkout / "CHANGELOG.md", *sorted(checkout.glob("docs/*.md"))]


def options_of(command: click.Command) -> Iterator[str]:
    """The options of a command and of those below it."""
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--"))
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from options_of(below)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_option_is_documented_and_no_other(name: str, checkout: Path) -> None:
    """docs/commands.md and the command line agree, section by section."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    text = (checkout / "docs/commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^## digest {name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"no section for digest {name}"
    documented = set(re.findall(r"`(--[a-z-]+)", section[0]))
    assert documented - SHARED_OPTIONS == set(options_of(command)) - SHARED_OPTIONS


def test_the_fields_of_the_report_are_documented(checkout: Path, digest: Digest) -> None:
    """Every field that --json prints has its name in docs/commands.md."""
    done = digest("run", DATA / "papers.jsonl", "--database", "t.db", "--outbox", "out",
                  "--date", "2026-03-17", "--keywords", "graph", "--json")  # fmt: skip
    text = (checkout / "docs/commands.md").read_text(encoding="utf-8")
    report = done.json
    pick = report["editions"][0]["picks"][0]
    names = {*report, *report["sources"][0], *report["editions"][0], *pick, *pick["reasons"][0]}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_configuration_of_the_readme_works(checkout: Path) -> None:
    """Its ten lines are valid and make a house."""
    text = (checkout / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"```sh\n(DIGEST_.*?)```", text, re.DOTALL)
    assert lines
    assert len(lines[1].splitlines()) == 10
    Path("config.env").write_text(lines[1] + "DIGEST_DATABASE=sqlite://\n", encoding="utf-8")
    settings = load(None, {})
    assert [interest.name for interest in settings.all_interests] == ["keywords", "night sky"]
    house = build(settings)
    assert house.channel.name == "smtp"
    house.close()


def test_the_commands_of_the_readme_exist(checkout: Path) -> None:
    """Each `bin/…` line names a script, a command and its options."""
    text = (checkout / "README.md").read_text(encoding="utf-8")
    calls = re.findall(r"bin/(\w+)((?: [^\s`#]+)*)", text)
    assert len(calls) > 8
    for script, rest in calls:
        assert (checkout / "bin" / script).is_file()
        words = rest.split()
        if script != "digest" or not words:
            continue
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, words
        known = set(options_of(command))
        assert {word for word in words if word.startswith("--")} <= known


def test_links_between_documents_lead_somewhere(checkout: Path) -> None:
    """Every relative link and picture is there."""
    for document in documents(checkout):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_files_that_documents_name_are_there(checkout: Path) -> None:
    """Paths of the project in backquotes, outside examples."""
    for document in documents(checkout):
        text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in re.findall(r"`((?:digest|docs|templates|tests|benchmarks)/[\w./-]+)`", text):
            assert (checkout / path).exists(), f"{document.name}: {path}"


def test_every_room_stands_in_the_list_of_rooms(checkout: Path) -> None:
    """docs/design.md names the rooms of the import contract in its order, and no other."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = [one for one in project["tool"]["importlinter"]["contracts"] if "layers" in one]
    layer_of = {
        room: number
        for number, layer in enumerate(contract["layers"])
        for room in layer.split(" | ")
    }
    text = (checkout / "docs/design.md").read_text(encoding="utf-8")
    listed = re.search(r"```\n(__main__\n.*?)```", text, re.DOTALL)
    assert listed
    lines = re.findall(r"^\w+(?: \| \w+)*", listed[1], re.MULTILINE)
    named = [room for line in lines for room in line.split(" | ")]
    assert sorted(named) == sorted(layer_of)
    assert named == sorted(named, key=lambda room: layer_of[room])


def test_no_module_knows_everything(checkout: Path) -> None:
    """No module of the package is longer than 400 lines."""
    lengths = {
        path.relative_to(checkout): len(path.read_text(encoding="utf-8").splitlines())
        for path in (checkout / "digest").rglob("*.py")
    }
    assert len(lengths) > 40
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_the_unit_of_systemd_calls_what_exists(checkout: Path) -> None:
    """The daemon with its configuration; a wrong setting is not worth a restart."""
    unit = (checkout / "docs/digest.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStart=\S+/bin/digest daemon --config \S+$", unit, re.MULTILINE)
    assert "RestartPreventExitStatus=2\n" in unit
