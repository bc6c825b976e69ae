"""Organisations and the facts about them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from contracts.imports import ImportJob
from contracts.organisations import Fact, FactList, FactsAdded, Organisation, OrganisationCreate
from contracts.vocabularies import Kind, Level
from zhibiao.nouns.loading import Imports, Mode
from zhibiao.nouns.noun import Noun


class Organisations(Noun):
    """The hierarchy: province, cities, counties, institutions."""

    def list(
        self,
        *,
        level: Level | str | None = None,
        kind: Kind | str | None = None,
        parent: str | None = None,
        division: str | None = None,
        q: str | None = None,
        on: date | None = None,
    ) -> Iterator[Organisation]:
        """Organisations that fit every filter, as the tree stood on a day (today unless told)."""
        return self._each(
            Organisation,
            "organisations",
            level=level,
            kind=kind,
            parent=parent,
            division=division,
            q=q,
            on=on,
        )

    def get(self, code: str, *, on: date | None = None) -> Organisation:
        """One organisation; a superseded code finds its successor and says so."""
        return self._get(Organisation, f"organisations/{code}", on=on)

    def children(self, code: str, *, on: date | None = None) -> Iterator[Organisation]:
        """The units it manages directly."""
        return self._each(Organisation, f"organisations/{code}/children", on=on)

    def create(self, new: OrganisationCreate, *, key: str | None = None) -> Organisation:
        """A new organisation; raises Duplicate if the code is taken by another one."""
        return self._post(Organisation, "organisations", new, key=key)

    def facts(self, code: str) -> FactList:
        """Its dated facts, newest first."""
        return self._get(FactList, f"organisations/{code}/facts")

    def add_fact(self, code: str, fact: Fact, *, key: str | None = None) -> FactsAdded:
        """A dated fact more."""
        return self._post(FactsAdded, f"organisations/{code}/facts", fact, key=key)

    def load(self, path: Path, *, dry_run: bool = False, key: str | None = None) -> ImportJob:
        """Load organisations from a CSV file: everything, or nothing if there is any conflict."""
        return self._load("organisations", path, dry_run, key)

    def load_facts(self, path: Path, *, dry_run: bool = False, key: str | None = None) -> ImportJob:
        """Load facts from a CSV file: everything, or nothing if there is any conflict."""
        return self._load("facts", path, dry_run, key)

    def _load(self, kind: str, path: Path, dry_run: bool, key: str | None) -> ImportJob:
        mode: Mode = "dry_run" if dry_run else "atomic"
        return Imports(self._session).send(kind, path, mode=mode, key=key)
