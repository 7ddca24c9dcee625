// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests for Node share: programs that end with the test, the server, and skipping.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const WATCHDOG_MS = 100000 * (process.env.AP_TEST_DEADLINE ?? 30) / 30;
const programs = [];
const folders = [];

function skip (reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

// Debian's node-ws, or wherever NODE_PATH leads.
function requireWs () {
  try {
    return require('ws');
  } catch (error) {
    return skip(`Node does not find 'ws' (Debian: node-ws): ${error.code}`);
  }
}

function temporaryFolder () {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ap-e2e-'));
  folders.push(folder);
  return folder;
}

function start (program, args, options) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  child.on('error', (error) => { throw error; });
  child.text = '';
  child.stderr.on('data', (data) => { child.text += data; });
  child.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  programs.push(child);
  return child;
}

// The first match of an expression in what a program writes to stderr.
function stderrMatch (child, expression) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const match = expression.exec(child.text);
      if (match) resolve(match);
    };
    child.stderr.on('data', look);
    child.ended.then((code) => reject(new Error(`ended with ${code}:\n${child.text}`)));
    look();
  });
}

async function startServer (...args) {
  if (!process.env.AP_SERVER) throw new Error('AP_SERVER must name the server to test');
  const server = start(process.env.AP_SERVER, ['--host=127.0.0.1', '--port=0', ...args], { cwd: temporaryFolder() });
  const [, port] = await stderrMatch(server, /listening on http:\/\/[^\s"]*:(\d+)\D/);
  return {
    url: `http://127.0.0.1:${port}`,
    audio: `ws://127.0.0.1:${port}/ws/audio`,
    stop: async () => {
      server.kill('SIGTERM');
      const code = await server.ended;
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${server.text}`);
    },
  };
}

function cleanUp () {
  for (const program of programs) program.kill('SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function run (test) {
  process.on('exit', cleanUp);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => process.exit(1));
  setTimeout(() => {
    console.error('not done in time');
    process.exit(1);
  }, WATCHDOG_MS).unref();
  try {
    await test();
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

module.exports = { requireWs, run, skip, start, startServer, stderrMatch, temporaryFolder };
