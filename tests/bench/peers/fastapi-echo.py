# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plain way to write a WebSocket echo on FastAPI, served by uvicorn. For the benchmark alone."""
import socket
import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/ws/audio")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        pass


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
# uvloop is taken where it is installed.
config = uvicorn.Config(app, log_level="critical", access_log=False, backlog=4096)
uvicorn.Server(config).run(sockets=[listener])
