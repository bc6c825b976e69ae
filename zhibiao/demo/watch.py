"""Looking at the watched targets at one moment: figure and standing in a county, the city and the province."""

from dataclasses import dataclass
from decimal import Decimal

from contracts.base import plain
from contracts.figures import Figure
from contracts.standings import Standing
from contracts.vocabularies import Status
from zhibiao.client import Zhibiao
from zhibiao.demo import cast, script
from zhibiao.demo.script import Watched


@dataclass(frozen=True)
class Sight:
    """One watched target in one area: the figure and the standing as the system answers them."""

    watched: Watched
    area: str
    figure: Figure
    standing: Standing | None

    @property
    def reported(self) -> str:
        """What was reported, in the terms of the target."""
        return in_words(self.watched, self.standing.actual_reported if self.standing else None)

    @property
    def confirmed(self) -> str:
        """What is confirmed, likewise; the target is judged on this."""
        return in_words(self.watched, self.standing.actual if self.standing else None)

    @property
    def status(self) -> Status:
        """The standing; not judged where the target is not asked of the area."""
        return self.standing.status if self.standing else Status.NOT_JUDGED

    def changed(self, before: "Sight | None") -> bool:
        """Whether anything moved since an earlier look."""
        mine = (self.reported, self.confirmed, self.status)
        return before is not None and mine != (before.reported, before.confirmed, before.status)


Look = dict[tuple[str, str], Sight]


def look(client: Zhibiao) -> Look:
    """Every watched target in each of its areas, by target and area."""
    areas = list(dict.fromkeys(area for watched in script.WATCHED for area in watched.areas))
    standings = {area: _standings(client, area) for area in areas}
    return {
        (watched.target, area): Sight(
            watched, area, _figure(client, watched, area), standings[area].get(watched.target)
        )
        for watched in script.WATCHED
        for area in watched.areas
    }


def in_words(watched: Watched, value: Decimal | None) -> str:
    """A figure as people say it: a number, a share of the units in scope, a stage; a dash where there is none."""
    match watched.measure:
        case _ if value is None:
            return "—"
        case "units":
            return f"{plain(round(value, 2))}%"
        case "stage":
            return script.STAGES[int(value) - 1]
        case _:
            return plain(value)


def _standings(client: Zhibiao, area: str) -> dict[str, Standing]:
    targets = [watched.target for watched in script.WATCHED]
    found = client.standings.list(plan=cast.PLAN, organisation=area, target=targets, on=cast.JUDGED_ON)
    return {standing.target: standing for standing in found}


def _figure(client: Zhibiao, watched: Watched, area: str) -> Figure:
    return client.figures.get(organisation=area, indicator=watched.indicator, scope=watched.scope, period=cast.PERIOD)
