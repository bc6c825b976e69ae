"""Figures of areas and how far each target is."""

from collections.abc import Iterator, Sequence
from datetime import date

from contracts.figures import Figure, FigureSeries, FigureSource, FigureTable
from contracts.standings import Failing, Standing, StandingSummary, StandingTable
from contracts.vocabularies import Level, Status, Strength
from zhibiao.nouns.noun import Noun


class Figures(Noun):
    """Reported and confirmed figures, with their provenance."""

    def get(self, *, organisation: str, indicator: str, period: str, scope: str | None = None) -> Figure:
        """One figure, in the first scope of its indicator unless another is named."""
        return self._get(
            Figure,
            "figures",
            organisation=organisation,
            indicator=indicator,
            scope=scope,
            period=period,
        )

    def series(
        self, *, organisation: str, indicator: str, periods: Sequence[str], scope: str | None = None
    ) -> FigureSeries:
        """The same figure for each of up to 36 periods."""
        return self._get(
            FigureSeries,
            "figures/series",
            organisation=organisation,
            indicator=indicator,
            scope=scope,
            period=list(periods),
        )

    def table(self, *, organisation: str, period: str, by: Level | str, indicators: Sequence[str]) -> FigureTable:
        """The figures of every area of a level below an organisation, in each indicator's first scope."""
        return self._get(
            FigureTable,
            "figures/table",
            organisation=organisation,
            period=period,
            by=by,
            indicators=list(indicators),
        )

    def sources(
        self, *, organisation: str, indicator: str, period: str, scope: str | None = None
    ) -> Iterator[FigureSource]:
        """The submission versions a figure is made of."""
        return self._each(
            FigureSource,
            "figures/sources",
            organisation=organisation,
            indicator=indicator,
            scope=scope,
            period=period,
        )


class Standings(Noun):
    """Where targets stand, with the reason in words; the place is the caller's highest unless named."""

    def list(
        self,
        *,
        organisation: str | None = None,
        plan: str | None = None,
        target: str | Sequence[str] | None = None,
        indicator: str | Sequence[str] | None = None,
        item: str | Sequence[str] | None = None,
        strength: Strength | str | None = None,
        status: Status | str | Sequence[str] | None = None,
        on: date | None = None,
    ) -> Iterator[Standing]:
        """Standings of a place on a day (today unless told) that fit every filter."""
        return self._each(
            Standing,
            "standings",
            organisation=organisation,
            plan=plan,
            target=target,
            indicator=indicator,
            item=item,
            strength=strength,
            status=status,
            on=on,
        )

    def summary(
        self, *, organisation: str | None = None, plan: str | None = None, on: date | None = None
    ) -> StandingSummary:
        """How many targets have each status."""
        return self._get(StandingSummary, "standings/summary", organisation=organisation, plan=plan, on=on)

    def table(
        self,
        *,
        organisation: str | None = None,
        by: Level | str = Level.CITY,
        plan: str | None = None,
        target: str | Sequence[str] | None = None,
        on: date | None = None,
    ) -> StandingTable:
        """Every target in every area of a level (city or county) below a place."""
        return self._get(
            StandingTable,
            "standings/table",
            organisation=organisation,
            by=by,
            plan=plan,
            target=target,
            on=on,
        )

    def failing(self, target: str, *, organisation: str | None = None, on: date | None = None) -> Failing:
        """The units of a place that do not comply, with what each lacks."""
        return self._get(Failing, f"standings/{target}/failing", organisation=organisation, on=on)
