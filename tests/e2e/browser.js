// SPDX-License-Identifier: LGPL-2.1-or-later
// A real browser: headless Chromium, led through the DevTools protocol.
'use strict';

const { existsSync } = require('fs');
const { requireWs, skip, start, stderrMatch, temporaryFolder } = require('./harness');

const WebSocket = requireWs();
const names = ['chromium', 'chromium-browser', 'google-chrome'];
const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
  '--remote-debugging-port=0', '--autoplay-policy=no-user-gesture-required',
];

// The DevTools protocol: commands with numbered answers, and events.
class DevTools {
  constructor (socket) {
    this.socket = socket;
    this.answers = new Map();
    this.listeners = new Map();
    this.lastId = 0;
    socket.on('message', (data) => this.receive(JSON.parse(data)));
  }

  static async connect (url) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return new DevTools(socket);
  }

  receive ({ id, method, params, sessionId, result, error }) {
    this.listeners.get(`${sessionId} ${method}`)?.(params);
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
}

// A tab: what it does, what it asks for, and what goes wrong in it.
class Page {
  constructor (tools, sessionId) {
    this.tools = tools;
    this.sessionId = sessionId;
    this.requests = [];
    this.complaints = [];
    this.on('Network.requestWillBeSent', ({ request }) => this.requests.push(request.url));
    this.on('Runtime.exceptionThrown', ({ exceptionDetails }) => this.complaints.push(
      exceptionDetails.exception?.description ?? exceptionDetails.text));
    this.on('Runtime.consoleAPICalled', ({ type, args }) => {
      if (['error', 'warning', 'assert'].includes(type)) this.complaints.push(args.map((arg) => arg.value ?? arg.description).join(' '));
    });
    // What the browser itself says: a request that failed, a policy that was broken.
    this.on('Log.entryAdded', ({ entry }) => {
      if (['error', 'warning'].includes(entry.level)) this.complaints.push(`${entry.text} ${entry.url ?? ''}`);
    });
    this.on('Audits.issueAdded', ({ issue }) => {
      if (issue.code === 'ContentSecurityPolicyIssue') this.complaints.push(JSON.stringify(issue));
    });
  }

  on (method, listener) {
    this.tools.listeners.set(`${this.sessionId} ${method}`, listener);
  }

  send (method, params) {
    return this.tools.send(method, params, this.sessionId);
  }

  async open (url) {
    for (const domain of ['Page', 'Network', 'Runtime', 'Log', 'Audits']) await this.send(`${domain}.enable`);
    const loaded = new Promise((resolve) => this.on('Page.loadEventFired', resolve));
    await this.send('Page.navigate', { url });
    await loaded;
  }

  async evaluate (expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Until an expression is true in the page; The watchdog ends what never is.
  async until (expression) {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve() : setTimeout(look, 20);
      look();
    })`);
  }
}

async function startBrowser () {
  const program = names.flatMap((name) => process.env.PATH.split(':').map((folder) => `${folder}/${name}`)).find(existsSync);
  if (!program) skip('there is no chromium here');
  const chromium = start(program, [...flags, `--user-data-dir=${temporaryFolder()}`, 'about:blank']);
  const [, url] = await stderrMatch(chromium, /DevTools listening on (ws:\/\/\S+)\s/);
  const tools = await DevTools.connect(url);
  return {
    openPage: async (address) => {
      const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true });
      const page = new Page(tools, sessionId);
      await page.open(address);
      return page;
    },
    stop: async () => {
      tools.send('Browser.close').catch(() => {});
      await chromium.ended;
    },
  };
}

module.exports = { startBrowser };
