"""Plans, the indicators they ask and the targets they set."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from contracts.catalogue import IndicatorView, ItemView, PlanView, TargetView
from contracts.imports import ImportJob
from contracts.vocabularies import ItemType, Strength
from zhibiao.nouns.loading import Imports, Mode
from zhibiao.nouns.noun import Noun


class Plans(Noun):
    """Plans and what they hold."""

    def list(self) -> Iterator[PlanView]:
        """Every plan the caller may see."""
        return self._each(PlanView, "plans")

    def get(self, code: str) -> PlanView:
        """One plan with its life and counts."""
        return self._get(PlanView, f"plans/{code}")

    def items(self, code: str, *, type: ItemType | str | None = None) -> Iterator[ItemView]:
        """Its actions, tasks and key projects."""
        return self._each(ItemView, f"plans/{code}/items", type=type)

    def targets(self, code: str) -> Iterator[TargetView]:
        """Its targets."""
        return self._each(TargetView, f"plans/{code}/targets")

    def publish(self, plan: PlanView, *, key: str | None = None) -> PlanView:
        """The plan, published: from now on its targets are asked and judged."""
        return self._post(PlanView, f"plans/{plan.code}/publish", None, etag=plan.etag, key=key)

    def load(
        self,
        path: Path,
        *,
        dry_run: bool = False,
        publish: bool = False,
        ground: str | None = None,
        key: str | None = None,
    ) -> ImportJob:
        """Load a plan pack: a folder of YAML files (zipped in memory), one YAML file, or a zip.

        `publish` puts it in force at once, with the title of the document that justifies it as `ground`.
        """
        choices = {"publish": "true"} if publish else {}
        choices |= {"ground": ground} if ground else {}
        mode: Mode = "dry_run" if dry_run else "atomic"
        return Imports(self._session).send("plans", path, mode=mode, key=key, **choices)


class Targets(Noun):
    """What is to be reached, by whom and when."""

    def list(
        self,
        *,
        plan: str | None = None,
        indicator: str | None = None,
        holder: str | None = None,
        strength: Strength | str | None = None,
        item: str | None = None,
        on: date | None = None,
    ) -> Iterator[TargetView]:
        """Targets that fit every filter."""
        return self._each(
            TargetView,
            "targets",
            plan=plan,
            indicator=indicator,
            holder=holder,
            strength=strength,
            item=item,
            on=on,
        )

    def get(self, code: str) -> TargetView:
        """One target with its sources."""
        return self._get(TargetView, f"targets/{code}")


class Indicators(Noun):
    """What one unit is asked, once, for all plans."""

    def list(self) -> Iterator[IndicatorView]:
        """Every indicator."""
        return self._each(IndicatorView, "indicators")

    def get(self, code: str) -> IndicatorView:
        """One indicator and the targets that stand on it."""
        return self._get(IndicatorView, f"indicators/{code}")
