"""The GPU host: on while there is work for it, off while there is none."""
