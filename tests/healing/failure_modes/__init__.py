"""Each way in which jobs get stuck, made for real with Immich's own timings.

The scenarios take minutes, as BullMQ's clocks do. So all of them run at once, each
on servers of its own, and the tests only wait for what they are about.
"""
