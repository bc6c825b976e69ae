"""The only package that imports everything: the system in one process, and the operator's commands."""
