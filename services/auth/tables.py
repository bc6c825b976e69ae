"""Every table of this service, for whoever needs them all: migrations and tests."""

from services.auth.clients import models as clients
from services.auth.imports import models as imports
from services.auth.organisations import models as organisations
from services.auth.people import models as people
from services.auth.rights import models as rights
from services.auth.schema import METADATA
from services.auth.tokens import models as tokens

__all__ = ["METADATA", "clients", "imports", "organisations", "people", "rights", "tokens"]
