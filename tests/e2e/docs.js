// SPDX-License-Identifier: LGPL-2.1-or-later
// The pages of the documentation in a browser: they show what the documents say, ask nobody but the server, and break
// no rule of their policy.
'use strict';

const assert = require('assert');
const { startBrowser } = require('./browser');
const { run, skip, startServer } = require('./harness');

// Each operation's path, or each channel's title, must be seen.
const pages = [
  { path: '/docs', document: '/openapi.json', names: (it) => Object.keys(it.paths) },
  { path: '/redoc', document: '/openapi.json', names: (it) => Object.keys(it.paths) },
  { path: '/redoc/websockets', document: '/asyncapi.json', names: (it) => Object.values(it.channels).map(({ title }) => title) },
];

async function fetchJson (url) {
  return (await fetch(url)).json();
}

function checkPolicy (response) {
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
}

async function check (browser, server, { path, document, names }) {
  checkPolicy(await fetch(server.url + path));
  const wanted = names(await fetchJson(server.url + document));
  const page = await browser.openPage(server.url + path);
  // ReDoc draws what is in sight.
  await page.send('Emulation.setDeviceMetricsOverride', { width: 1400, height: 16000, deviceScaleFactor: 1, mobile: false });

  assert.ok(wanted.length > 5);
  // Swagger UI puts invisible breaks into paths.
  await page.until(`(() => {
    const text = document.body.innerText.replaceAll('\\u200b', '');
    return ${JSON.stringify(wanted)}.every((name) => text.includes(name));
  })()`);
  assert.deepStrictEqual(page.complaints, []);
  assert.deepStrictEqual(page.requests.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith('data:')), []);
}

// "Try it out" of Swagger UI asks the server itself.
async function tryOut (browser, server) {
  const page = await browser.openPage(`${server.url}/docs`);
  const click = (selector) => page.until(`(() => {
    const found = document.querySelector('#operations-state-getHealth ${selector}');
    found?.click();
    return found;
  })()`);

  await click('.opblock-summary-control');
  await click('.try-out__btn');
  await click('.execute');
  await page.until('document.querySelector("#operations-state-getHealth .live-responses-table")?.innerText.includes("active_connections")');
  assert.deepStrictEqual(page.complaints, []);
}

run(async () => {
  const browser = await startBrowser();
  const server = await startServer();

  if ((await fetch(`${server.url}/docs/swagger.js`)).status === 404) skip('the server was built without the pages');
  for (const page of pages) await check(browser, server, page);
  await tryOut(browser, server);
  await browser.stop();
  await server.stop();
});
