"""Every table of this service, for whoever needs them all: migrations and tests."""

from services.targets.choices import models as choices
from services.targets.directory import models as directory
from services.targets.indicators import models as indicators
from services.targets.plans import models as plans
from services.targets.schema import METADATA
from services.targets.targets import models as targets

__all__ = ["METADATA", "choices", "directory", "indicators", "plans", "targets"]
