// SPDX-License-Identifier: LGPL-2.1-or-later
// Node's ws as a client.
'use strict';

const assert = require('assert');
const { requireWs, run, startServer } = require('./harness');
const { talk } = require('./talk');

const WebSocket = requireWs();

run(async () => {
  const server = await startServer();
  assert.strictEqual(await talk(WebSocket, server.audio), 'done');

  const health = await fetch(`${server.url}/health`);
  assert.strictEqual(health.status, 200);
  assert.strictEqual((await health.json()).status, 'ok');
  await server.stop();
});
