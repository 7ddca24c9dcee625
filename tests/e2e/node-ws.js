// SPDX-License-Identifier: LGPL-2.1-or-later
// Node's ws as a client, also by docs/examples/echo-client.js.
'use strict';

const assert = require('assert');
const { once } = require('events');
const path = require('path');
const { requireWs, run, start, startServer } = require('./harness');
const { talk } = require('./talk');

const WebSocket = requireWs();

const EXAMPLE = path.join(__dirname, '../../docs/examples/echo-client.js');

async function example (argument) {
  const program = start(process.execPath, [EXAMPLE, argument], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  program.stdout.on('data', (data) => { said += data; });
  const [code] = await once(program, 'close');
  return { code, said, told: program.text };
}

async function checkExample (server) {
  const { code, said, told } = await example(server.audio);
  assert.strictEqual(code, 0, told);
  assert.match(said, /^50 frames of 640 bytes came back; median /);
  const misuse = await example('--help');
  assert.strictEqual(misuse.code, 2, misuse.told);
  assert.match(misuse.told, /^usage: /);
}

run(async () => {
  const server = await startServer();
  await checkExample(server);
  assert.strictEqual(await talk(WebSocket, server.audio), 'done');

  const health = await fetch(`${server.url}/health`);
  assert.strictEqual(health.status, 200);
  assert.strictEqual((await health.json()).status, 'ok');
  await server.stop();
});
