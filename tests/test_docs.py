"""Documents that lie fail the build."""

import re
from pathlib import Path

import pytest

from stack import reference

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").rglob("*.md")]
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)+\.py)`")


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_reference_pages_say_what_the_code_says(path: Path) -> None:
    """docs/errors.md and docs/settings.md are what `make docs` writes."""
    assert path.read_text(encoding="utf-8") == reference.pages()[path], "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page leads to a file or folder."""
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_journey_names_files_that_exist() -> None:
    """The journey follows real files."""
    text = (ROOT / "docs/journey.md").read_text(encoding="utf-8")
    named = set(FILE.findall(text))
    assert len(named) > 10
    missing = [name for name in named if not (ROOT / name).exists()]
    nested = [name for name in missing if not list((ROOT / "services/progress").glob(name))]
    assert nested == []


def test_readme_opens_with_the_two_commands_that_exist() -> None:
    """The README begins with make run and make test, and every make command it names is in the Makefile."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert re.search(r"make run.*\nmake test", readme[:300])
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)\b", readme, re.MULTILINE)) <= targets


@pytest.mark.parametrize("service", ["auth", "targets", "progress"])
def test_every_service_says_what_it_owns(service: str) -> None:
    """A service's README is short and says what it owns, what not, whom it calls, what must hold."""
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 20
    for words in ("Owns", "not own", "Calls", "must always hold"):
        assert words.lower() in text.lower(), words


def test_every_setting_is_described() -> None:
    """No setting without a sentence."""
    for cls in reference.SERVICES.values():
        assert [name for name, said in cls.variables().items() if not said] == []
