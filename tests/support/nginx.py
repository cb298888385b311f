"""A real nginx in front of a machine learning host, set up as docs/gpu-box.md shows it."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import tempfile

from .processes import end, free_port, release_port, until

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream machine_learning {{
    server 127.0.0.1:{host} max_fails=3;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://machine_learning;
      proxy_connect_timeout 3s;
      proxy_read_timeout 300s;
    }}
  }}
}}
"""


@contextlib.asynccontextmanager
async def start_nginx(program: Path, host_port: int) -> AsyncIterator[str]:
    """Put an nginx in front of a port of this machine; yields its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, host=host_port, port=port))
        process = await asyncio.create_subprocess_exec(
            program,
            "-p",
            folder,
            "-c",
            config,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )

        async def listens() -> bool:
            if process.returncode is not None:
                assert process.stderr
                raise RuntimeError((await process.stderr.read()).decode())
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.close()
            return True

        try:
            await until(listens, timeout=10, what="nginx listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            await end(process)
            release_port(port)
