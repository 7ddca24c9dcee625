// SPDX-License-Identifier: LGPL-2.1-or-later
// The plain way to write a WebSocket echo on Node's ws. For the benchmark alone.
'use strict';

const http = require('http');
const { WebSocketServer } = require('ws');

const server = http.createServer();
const sockets = new WebSocketServer({ server, path: '/ws/audio', perMessageDeflate: false });

sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {});
});
// Node's own backlog is 511, with which 1,000 clients at once take a second.
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  process.stderr.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
