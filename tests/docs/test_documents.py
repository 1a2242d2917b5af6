"""Documents: links lead somewhere, named files exist, examples are what they claim."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.cli.portod import OLDEST_KERNEL

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def identity(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_files_named_in_backquotes_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`(?:\./)?((?:scripts|porto|tests|docs|specs)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_no_page_is_left_out_of_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "adr").glob("0*.md"):
        assert page.name in index


def test_the_readme_names_commands_that_exist() -> None:
    scripts = re.findall(r"\./(scripts/\w+)", README)
    assert {"scripts/quickstart", "scripts/test"} <= set(scripts)
    for script in scripts:
        assert (ROOT / script).stat().st_mode & 0o111, script


def test_the_readmes_shell_examples_are_well_formed() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines() if line]
    assert len(commands) >= 5
    for command in commands:
        assert shlex.split(command)[0] in {"portoctl", "kill"}


def test_the_readmes_python_example_compiles() -> None:
    examples = list(blocks("python"))
    assert examples
    for example in examples:
        compile(example, "README.md", "exec")


def test_the_readme_names_the_kernel_that_portod_asks_for() -> None:
    assert f"Linux {'.'.join(map(str, OLDEST_KERNEL))} or later" in README
