"""Database migrations: one lineage and one schema per service, one environment for all of them."""

from migrations.run import SERVICES, Lineage, head, upgrade

__all__ = ["SERVICES", "Lineage", "head", "upgrade"]
