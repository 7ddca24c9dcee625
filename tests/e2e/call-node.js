// SPDX-License-Identifier: LGPL-2.1-or-later
// A call by docs/examples/call-client.js, as the walk-through has it: to a server that lets in everybody, and to one that
// wants Twilio's signature and the token that /twiml hands out.
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const { createHmac } = require('crypto');
const path = require('path');
const { requireWs, run, startServer } = require('./harness');

requireWs();
const EXAMPLE = path.join(__dirname, '../../docs/examples/call-client.js');
const KEY = '12345';
const CALL = `CA${'7'.repeat(32)}`;

function example (url, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [EXAMPLE, url], { env: { ...process.env, ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: output.trim() }));
  });
}

// All but what the filters hold back came, and a tail padded to a frame.
async function checkCall (url, env) {
  const { code, output } = await example(url, env);
  const [, ms, close] = output.match(/^(\d+) of 1000 ms came back; closed with (\d+)/) ?? assert.fail(output);
  assert.strictEqual(code, 0);
  assert.strictEqual(close, '1000');
  assert.ok(ms >= 980, output);
}

function sign (url, fields) {
  const text = Object.keys(fields).sort().map((name) => name + fields[name]).join('');
  return createHmac('sha1', KEY).update(url + text).digest('base64');
}

async function askForToken (server) {
  const fields = { CallSid: CALL, From: '+15550100' };
  const headers = { 'X-Twilio-Signature': sign(`${server.url}/twiml`, fields) };
  const answer = await fetch(`${server.url}/twiml`, { method: 'POST', headers, body: new URLSearchParams(fields) });
  const twiml = await answer.text();
  assert.strictEqual(answer.status, 200, twiml);
  const [, url] = twiml.match(/<Stream url="([^"]+)">/);
  const [, token] = twiml.match(/<Parameter name="token" value="([^"]+)"\/>/);
  return { url, token };
}

async function checkMisuse () {
  const { code, output } = await example('--help', {});
  assert.strictEqual(code, 2, output);
  assert.match(output, /^usage: /);
}

run(async () => {
  await checkMisuse();
  const open = await startServer();
  await checkCall(`${open.url.replace('http', 'ws')}/ws`, {});
  await open.stop();

  process.env.TWILIO_AUTH_TOKEN = KEY;
  const closed = await startServer('--call-token');
  const { url, token } = await askForToken(closed);
  assert.strictEqual(url, `${closed.url.replace('http', 'ws')}/ws`);
  const stranger = await example(url, { TWILIO_AUTH_TOKEN: 'guessed', TOKEN: token, CALL });
  assert.strictEqual(stranger.code, 1);
  assert.match(stranger.output, /403/);
  await checkCall(url, { TOKEN: token, CALL });
  const again = await example(url, { TOKEN: token, CALL });
  assert.match(again.output, /closed with 1008/);
  await closed.stop();
});
