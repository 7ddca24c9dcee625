// SPDX-License-Identifier: LGPL-2.1-or-later
// A page of another origin: where it is named it records, lists, plays by ranges and deletes; where everybody may
// connect it records, and reads nothing.
'use strict';

const assert = require('assert');
const { startBrowser } = require('./browser');
const { run, startServer } = require('./harness');

const TOKEN = 'a-token-of-the-test';
const BYTES = 32000;

// Runs in the page. Returns the session's id.
function record (url, token, bytes) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws/audio?sample_rate=16000`, ['audio-pipeline', `bearer.${token}`]);
    const answers = [];
    socket.onclose = () => reject(new Error(JSON.stringify(answers)));
    socket.onmessage = ({ data }) => {
      answers.push(JSON.parse(data));
      if (answers.length === 1) socket.send(new Uint8Array(bytes));
      if (answers.length === 2) socket.send(JSON.stringify({ type: 'control', action: 'close_session' }));
      if (answers.at(-1).status === 'completed') resolve(answers[0].session_id);
    };
  });
}

// Runs in the page. What it sees of an answer.
async function ask (address, options) {
  const answer = await fetch(address, options);
  const names = ['Accept-Ranges', 'Content-Disposition', 'Content-Length', 'Content-Range', 'ETag'];
  const headers = Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));
  return { status: answer.status, headers, length: (await answer.clone().arrayBuffer()).byteLength, text: await answer.text() };
}

run(async () => {
  const browser = await startBrowser();
  const other = await startServer();
  const server = await startServer(`--allow-origin=https://b.example, ${other.url}`, `--api-token=${TOKEN}`);
  const open = await startServer('--allow-origin=*', `--api-token=${TOKEN}`);
  const page = await browser.openPage(`${other.url}/health`);
  const recordAt = (url) => page.evaluate(`(${record})(${JSON.stringify(url)}, ${JSON.stringify(TOKEN)}, ${BYTES})`);
  const askAt = (url, path, method = 'GET', headers = { Authorization: `Bearer ${TOKEN}` }) =>
    page.evaluate(`(${ask})(${JSON.stringify(url + path)}, ${JSON.stringify({ method, headers })})`);
  const sessions = '/api/audio/sessions';

  const id = await recordAt(server.url);
  const list = await askAt(server.url, sessions);
  assert.deepStrictEqual(JSON.parse(list.text).sessions.map((session) => session.session_id), [id]);

  const whole = await askAt(server.url, `${sessions}/${id}/audio`);
  assert.strictEqual(whole.status, 200);
  assert.ok(whole.length > BYTES);
  assert.match(whole.headers['Content-Disposition'], /\.wav"$/);
  const range = { Authorization: `Bearer ${TOKEN}`, Range: 'bytes=100-199', 'If-Range': whole.headers.ETag };
  const part = await askAt(server.url, `${sessions}/${id}/audio`, 'GET', range);
  assert.deepStrictEqual([part.status, part.length, part.headers['Content-Length'], part.headers['Content-Range'], part.headers['Accept-Ranges']],
    [206, 100, '100', `bytes 100-199/${whole.length}`, 'bytes']);
  assert.strictEqual(part.headers.ETag, whole.headers.ETag);
  // From the browser's own store, once the server has said that it is good.
  assert.strictEqual((await askAt(server.url, `${sessions}/${id}/audio`)).length, whole.length);

  // What goes wrong is told to the page.
  assert.strictEqual((await askAt(server.url, sessions, 'GET', {})).status, 401);
  assert.strictEqual((await askAt(server.url, `${sessions}?limit=0`)).status, 422);
  assert.strictEqual((await askAt(server.url, '/nothing')).status, 404);
  assert.strictEqual((await askAt(server.url, `${sessions}/${id}`, 'DELETE')).status, 200);
  assert.strictEqual((await askAt(server.url, `${sessions}/${id}`)).status, 404);
  assert.strictEqual((await askAt(server.url, '/api/calls')).status, 200);
  await assert.rejects(askAt(server.url, sessions, 'PUT'), /Failed to fetch/);

  await recordAt(open.url);
  await assert.rejects(askAt(open.url, sessions), /Failed to fetch/);
  await assert.rejects(askAt(open.url, '/health', 'GET', {}), /Failed to fetch/);
  await browser.stop();
  await Promise.all([other, server, open].map((each) => each.stop()));
});
