"""The outside world of a benchmark, in a process of its own: stand-ins that cost little, and who delivers tickets.

The sandbox is made to be strict; its own work would drown what is measured here. This world answers every contender
with the same bytes, each in one packet, on connections that stay open.
"""
