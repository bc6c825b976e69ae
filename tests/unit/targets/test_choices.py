"""Settings: the shipped ones are sound, and what is not sound is told with its line."""

from pathlib import Path

import pytest

from services.targets.choices import reading
from services.targets.choices.rules import VALUES, sound

SHIPPED = Path(__file__).parents[3] / "data" / "settings.yaml"


def text() -> str:
    """The settings a new installation begins with."""
    return SHIPPED.read_text(encoding="utf-8")


def test_every_setting_is_shipped_with_a_ground() -> None:
    """Whoever reads an answer can see that it is a choice, and whose."""
    found, faults = reading.read(text())
    assert faults == []
    assert set(VALUES) == {setting.code for setting in found}
    assert {"360000"} == {setting.owner for setting in found}
    assert all("choice of the software until the province decides" in setting.ground.title for setting in found)


@pytest.mark.parametrize(
    ("code", "good", "bad"),
    [
        ("about-tolerance", [0, 10, "2.5", 100], [-1, 101, "x", True, None, [1]]),
        ("band", [0, "0.5"], ["1e1000", "NaN", 100.5]),
        ("default-rhythm", ["month", "on_change"], ["weekly", 1, None]),
        ("window-days", [1, 366], [0, 367, "10", True]),
        ("return-working-days", [5], [0, 91, "5"]),
        ("review-chain-top", ["province", "city"], ["institution", "x"]),
        ("unrated-level-counts-as", ["lowest", "excluded"], ["zero"]),
        ("tier-edges", ["left-closed"], ["open"]),
        ("stale-after-periods", [1], [0, 25]),
        ("inherit-share-thresholds", [True, False], ["true", 1, None]),
    ],
)
def test_each_setting_takes_its_own_values(code: str, good: list[object], bad: list[object]) -> None:
    """And no others."""
    assert all(sound(code, value) for value in good)
    assert not any(sound(code, value) for value in bad)


@pytest.mark.parametrize(
    ("old", "new", "code", "suggestion"),
    [
        ("code: band", "code: bnad", "unknown-setting", "band"),
        ("code: band", "code: about-tolerance", "repeated-setting", None),
        ("value: month", "value: weekly", "value", None),
        ("value: left-closed", "valeu: left-closed", "unknown-field", "value"),
        ("settings:", "setting:", "unknown-field", "settings"),
    ],
)
def test_faults_are_told_with_their_line(old: str, new: str, code: str, suggestion: str | None) -> None:
    """The same way as in packs."""
    spoilt = text().replace(old, new, 1)
    _, faults = reading.read(spoilt)
    line = spoilt[: spoilt.index(new, text().index(old))].count("\n") + 1
    assert (code, suggestion, line) in [(fault.code, fault.suggestion, fault.line) for fault in faults]


@pytest.mark.parametrize("text", ["", "# nothing", "- 1", "1", "a: [1"])
def test_what_is_no_settings_file_is_told(text: str) -> None:
    """Even nothing at all."""
    found, faults = reading.read(text)
    assert found == [] and faults != []
