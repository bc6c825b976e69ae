"""A private PostgreSQL for whoever names no database: a wheel's programs, our launcher, safe to kill.

`start` makes or joins the server of a directory; `Server` has its address and its clean stop; `CannotStart`
says why there is none.
"""

from kernel.embedded_postgres.errors import CannotStart
from kernel.embedded_postgres.launch import Server, start

__all__ = ["CannotStart", "Server", "start"]
