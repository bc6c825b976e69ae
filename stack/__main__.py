"""`python -m stack up` and the operator's other commands."""

from stack.commands import main

main()
