"""The admin's commands, one module each.

A module of a command has its `HELP`, adds its arguments to a parser with `arguments`, and does its work in `run`, which
prints what a person reads and returns the exit code. It is registered in `integration.__main__`.
"""
