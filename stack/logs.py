"""In one process the log goes to a file, so that the screen stays readable."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kernel.logs import configure
from stack.home import unusable

FILE = "zhibiao.log"
SIZE = 10 * 1024 * 1024
KEPT = 5


def to_file(folder: Path, *, verbose: bool) -> None:
    """Send everything that is logged from here on to a file in the folder, and to the screen if `verbose`.

    Raises Refused when the file cannot be written.
    """
    configure("zhibiao")
    (screen,) = logging.root.handlers
    try:
        file = RotatingFileHandler(folder / FILE, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8")
    except OSError as refused:
        raise unusable(folder, refused) from refused
    file.setFormatter(screen.formatter)
    logging.root.handlers[:] = [file, screen] if verbose else [file]
    logging.captureWarnings(True)
