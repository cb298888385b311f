"""BullMQ queues in Redis: what is there, and how to change it safely.

Knows nothing of Home Assistant.
"""
