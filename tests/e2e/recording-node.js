// SPDX-License-Identifier: LGPL-2.1-or-later
// Recording with Node's ws: as a page in a browser would, and by docs/examples/record.js, whose connection is cut again
// and again on its way.
'use strict';

const assert = require('assert');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { requireWs, run, start, startServer, temporaryFolder } = require('./harness');

const WebSocket = requireWs();
const EXAMPLE = path.join(__dirname, '../../docs/examples/record.js');
const CLOSE = JSON.stringify({ type: 'control', action: 'close_session' });
const folder = temporaryFolder();
const storage = path.join(folder, 'recordings');

// Samples that are all different for a while.
function audio (bytes) {
  const samples = new Int16Array(bytes / 2).map((_, i) => i * 40503 % 65536 - 32768);
  return Buffer.from(samples.buffer);
}

function wav (rate, channels, data) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

// The samples that a finished recording's file holds, which says its size rightly.
function recorded (sessionId) {
  const file = fs.readFileSync(path.join(storage, `${sessionId}.wav`));
  const at = file.indexOf('data');
  assert.strictEqual(file.toString('latin1', 0, 4), 'RIFF');
  assert.strictEqual(file.readUInt32LE(4), file.length - 8);
  assert.strictEqual(file.readUInt32LE(at + 4), file.length - at - 8);
  return file.subarray(at + 8);
}

function same (sessionId, expected) {
  assert.ok(recorded(sessionId).equals(expected), `${sessionId}.wav is not what was sent`);
}

// The handlers that a page sets, and nothing beside them. Sends its pieces when it knows the recording, and asks for its
// end when all are acknowledged.
function page (url, pieces, known) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const answers = [];
    let sessionId = known;
    const sendAll = () => { for (const piece of pieces) socket.send(piece); };

    socket.onopen = () => { if (known) sendAll(); };
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      answers.push(answer);
      if (!sessionId) {
        sessionId = answer.session_id;
        sendAll();
      }
      if (answer.chunk_count === pieces.length && answer.status === 'active') socket.send(CLOSE);
    };
    socket.onerror = (event) => reject(new Error(event.message));
    socket.onclose = ({ code }) => resolve({ sessionId, answers, code });
  });
}

async function checkPage (server, url, data, pieces, known) {
  const { sessionId, answers, code } = await page(url, pieces, known);
  const first = known ? 1 : 0; // the greeting
  const counts = pieces.map((_, i) => i + 1);

  assert.strictEqual(code, 1000);
  assert.deepStrictEqual(answers.map((answer) => answer.chunk_count), [...(known ? [] : [0]), ...counts, pieces.length]);
  assert.deepStrictEqual(answers.slice(1 - first, -1).map((answer) => answer.chunk_bytes), pieces.map((piece) => piece.length));
  assert.ok(answers.slice(0, -1).every((answer) => answer.status === 'active' && answer.session_id === sessionId));
  assert.strictEqual(answers.at(-1).status, 'completed');
  same(sessionId, data);
  const info = await (await fetch(`${server.url}/api/audio/sessions/${sessionId}`)).json();
  assert.strictEqual(info.status, 'completed');
  assert.strictEqual(info.total_chunks, pieces.length);
}

function cut (bytes, size) {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

async function checkPages (server, sockets) {
  const data = audio(192000); // a second
  const pieces = cut(wav(48000, 2, data), 4096);
  await checkPage(server, `${sockets}?sample_rate=48000&channels=2&user_id=user123`, data, pieces);

  const first = new WebSocket(`${sockets}?sample_rate=48000&channels=2`);
  const greeting = await new Promise((resolve) => first.on('message', (text) => resolve(JSON.parse(text))));
  const told = new Promise((resolve) => first.on('close', resolve));
  await checkPage(server, `${sockets}/${greeting.session_id}?user_id=user123`, data, pieces, greeting.session_id);
  assert.strictEqual(await told, 1000);
}

// A way to the server whose connections end after so many bytes from the client, each at another place.
async function cuttingProxy (port, sizes) {
  const cuts = [...sizes];
  const proxy = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1');
    let left = cuts.shift() ?? Infinity;
    const end = () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    client.on('data', (data) => {
      server.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) end();
    });
    server.on('data', (data) => client.write(data));
    for (const side of [client, server]) side.on('error', end).on('close', end);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return { port: proxy.address().port, cutsLeft: () => cuts.length, close: () => proxy.close() };
}

// Returns what it said at last: the recording's id, and its chunks.
async function example (url, args, input) {
  const stdio = [input ? 'pipe' : 'ignore', 'pipe', 'pipe'];
  const program = start(process.execPath, [EXAMPLE, '--url', url, ...args], { stdio });
  let said = '';
  program.stdout.on('data', (data) => { said += data; });
  if (input) program.stdin.end(input);
  const code = await program.ended;
  assert.strictEqual(code, 0, `${said}\n${program.text}`);
  return /^(\S{36}): (\d+) chunks/.exec(said) || assert.fail(`it said: ${said}`);
}

// What it says, to whom, and its exit status, where nothing is to be recorded.
async function refused (args, env = process.env) {
  const program = start(process.execPath, [EXAMPLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  program.stdout.on('data', (data) => { said += data; });
  const [code] = await once(program, 'close');
  return { code, said, told: program.text };
}

async function checkMisuse (server, sockets) {
  const help = await refused(['--help']);
  assert.strictEqual(help.code, 0, help.told);
  for (const option of ['--url', '--rate', '--channels', '--format', '--user', 'TOKEN']) assert.ok(help.said.includes(option));

  const wrong = [['--nope'], ['--url'], ['--rate', '--user', 'me'], ['a.wav', 'b.wav']];
  for (const args of wrong) {
    const { code, said, told } = await refused(args);
    assert.strictEqual(code, 2, `${args}: ${told}`);
    assert.strictEqual(said, '');
    assert.match(told, /usage: /);
    assert.doesNotMatch(told, /\n +at /, `${args}: a stack`);
  }

  const alone = await refused(['--help'], { ...process.env, NODE_PATH: '' }); // without the package ws
  assert.strictEqual(alone.code, 0, alone.told);

  for (const source of [path.join(folder, 'no-such.wav'), folder]) {
    const { code, told } = await refused(['--url', sockets, source]);
    assert.strictEqual(code, 1);
    assert.match(told, /no-such|directory/);
  }
  const rate = await refused(['--url', sockets, '--rate', '1', __filename]);
  assert.strictEqual(rate.code, 1);
  assert.match(rate.told, /8000, 16000, 22050, 44100, 48000, 96000/);
  const active = await (await fetch(`${server.url}/api/audio/sessions?status=active`)).json();
  assert.strictEqual(active.total, 0); // no session for any of them

  const { code, told } = await refused(['--url', sockets, '--format', 'flac', __filename]);
  assert.strictEqual(code, 1, told);
  assert.match(told, /undecodable: this is no FLAC/);
}

async function checkExample (server, sockets) {
  const data = audio(400000);
  const file = path.join(folder, 'talk.wav');
  fs.writeFileSync(file, wav(44100, 1, data));
  const [, sessionId, chunks] = await example(sockets, ['--user', 'me', file]);
  same(sessionId, data);
  assert.strictEqual(Number(chunks), Math.ceil((data.length + 44) / 16384));

  const minutes = audio(4 * 60 * 88200); // as fast as the line is
  fs.writeFileSync(file, wav(44100, 1, minutes));
  same((await example(sockets, [file]))[1], minutes);

  const proxy = await cuttingProxy(new URL(server.url).port, [100, 70000, 500, 16384, 200001, 40000, 90000]);
  const [, resumed] = await example(`ws://127.0.0.1:${proxy.port}/api/ws/audio`, ['--rate', '16000', '-'], data);
  same(resumed, data);
  assert.strictEqual(proxy.cutsLeft(), 0);
  proxy.close();
}

// A server whose disk fails once, and is full for a while when the recording is to end.
function brokenServer () {
  const id = '0f5e2a52-8a3c-4b1e-9d0a-6f3f5f7a9c11';
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  const taken = [];
  let broken = false;
  let full = true;

  server.on('connection', (socket) => {
    const say = (status, more) => socket.send(JSON.stringify({ message: '-', session_id: id, chunk_count: taken.length, status, ...more }));
    const onChunk = (chunk) => {
      if (socket.readyState !== WebSocket.OPEN) return undefined;
      if (taken.length === 2 && !broken) {
        broken = true;
        say('error', { error: 'storage' });
        return socket.close(1011);
      }
      taken.push(chunk);
      return say('active');
    };
    const onControl = (text) => {
      assert.strictEqual(text.toString(), CLOSE);
      say(full ? 'error' : 'completed', { error: full ? 'no_space' : undefined, duration_seconds: 1 });
      full = false;
    };
    socket.on('message', (data, isBinary) => (isBinary ? onChunk(data) : onControl(data)));
    say('active');
  });
  return { server, taken };
}

// What it was not told of it sends again, and asks once more for what could not be done.
async function checkBroken () {
  const { server, taken } = brokenServer();
  const data = audio(5 * 16384);
  const file = path.join(folder, 'talk.raw');

  fs.writeFileSync(file, data);
  await new Promise((resolve) => server.on('listening', resolve));
  const [, , chunks] = await example(`ws://127.0.0.1:${server.address().port}/`, [file]);
  assert.strictEqual(Number(chunks), 5);
  assert.ok(Buffer.concat(taken).equals(data));
  await new Promise((resolve) => server.close(resolve));
}

// What will not change is not tried again.
async function checkToken () {
  const server = await startServer('--api-token', 'secret-1', '--storage-path', path.join(folder, 'guarded'));
  const { code, told } = await refused(['--url', `${server.url.replace('http', 'ws')}/api/ws/audio`, __filename]);
  assert.strictEqual(code, 1);
  assert.match(told, /401/);
  assert.doesNotMatch(told, /trying again/);
  await server.stop();
}

run(async () => {
  process.env.AUDIO_STORAGE_PATH = storage;
  const server = await startServer();
  const sockets = `${server.url.replace('http', 'ws')}/api/ws/audio`;
  await checkPages(server, sockets);
  await checkExample(server, sockets);
  await checkBroken();
  await checkMisuse(server, sockets);
  await checkToken();
  await server.stop();
});
