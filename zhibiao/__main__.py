"""`python -m zhibiao`."""

from zhibiao.cli import main

main()
