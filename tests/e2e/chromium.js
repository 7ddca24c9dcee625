// SPDX-License-Identifier: LGPL-2.1-or-later
// A real browser as a client: it opens /health and talks from that page.
'use strict';

const assert = require('assert');
const { startBrowser } = require('./browser');
const { run, startServer } = require('./harness');
const { talk } = require('./talk');

run(async () => {
  const browser = await startBrowser();
  const server = await startServer();
  const page = await browser.openPage(`${server.url}/health`);

  assert.strictEqual(JSON.parse(await page.evaluate('document.body.innerText')).status, 'ok');
  assert.strictEqual(await page.evaluate(`(${talk})(WebSocket, ${JSON.stringify(server.audio)})`), 'done');
  await browser.stop();
  await server.stop();
});
