"""Pure functions on snapshots: what is going on in the queues.

Know nothing of Home Assistant and do no I/O.
"""
