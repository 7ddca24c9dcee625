// SPDX-License-Identifier: LGPL-2.1-or-later
// A real browser as a client: headless Chromium, led through the DevTools protocol, opens /health and talks from that page.
'use strict';

const assert = require('assert');
const { existsSync } = require('fs');
const { requireWs, run, skip, start, startServer, stderrMatch, temporaryFolder } = require('./harness');
const { talk } = require('./talk');

const WebSocket = requireWs();
const names = ['chromium', 'chromium-browser', 'google-chrome'];
const browser = names.flatMap((name) => process.env.PATH.split(':').map((folder) => `${folder}/${name}`)).find(existsSync);
if (!browser) skip('there is no chromium here');

const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
  '--remote-debugging-port=0',
];

// The DevTools protocol: commands with numbered answers, and events.
class DevTools {
  constructor (socket) {
    this.socket = socket;
    this.answers = new Map();
    this.events = new Map();
    this.lastId = 0;
    socket.on('message', (data) => this.receive(JSON.parse(data)));
  }

  static async connect (url) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return new DevTools(socket);
  }

  receive ({ id, method, params, result, error }) {
    if (method) this.events.get(method)?.(params);
    const answer = this.answers.get(id);
    this.answers.delete(id);
    if (answer && error) answer.reject(new Error(error.message));
    else answer?.resolve(result);
  }

  send (method, params, sessionId) {
    const id = ++this.lastId;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.answers.set(id, { resolve, reject }));
  }

  event (method) {
    return new Promise((resolve) => this.events.set(method, resolve));
  }
}

async function openPage (tools, url) {
  const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true });
  await tools.send('Page.enable', {}, sessionId);
  const loaded = tools.event('Page.loadEventFired');
  await tools.send('Page.navigate', { url }, sessionId);
  await loaded;

  return async (expression) => {
    const { result, exceptionDetails } = await tools.send(
      'Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
}

run(async () => {
  const server = await startServer();
  const chromium = start(browser, [...flags, `--user-data-dir=${temporaryFolder()}`, 'about:blank']);
  const [, url] = await stderrMatch(chromium, /DevTools listening on (ws:\/\/\S+)\s/);
  const tools = await DevTools.connect(url);
  const evaluate = await openPage(tools, `${server.url}/health`);

  assert.strictEqual(JSON.parse(await evaluate('document.body.innerText')).status, 'ok');
  assert.strictEqual(await evaluate(`(${talk})(WebSocket, ${JSON.stringify(server.audio)})`), 'done');
  tools.send('Browser.close').catch(() => {});
  await chromium.ended;
  await server.stop();
});
