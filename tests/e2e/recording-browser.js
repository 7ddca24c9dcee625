// SPDX-License-Identifier: LGPL-2.1-or-later
// What a page records with MediaRecorder, sent as it comes: WebM in pieces of 100 ms, and a second recorder in the same
// session, whose first piece is the head of a new file.
'use strict';

const assert = require('assert');
const { startBrowser } = require('./browser');
const { run, startServer } = require('./harness');

const LEAST_SECONDS = 0.5; // of each recorder

// Runs in the page.
async function record (leastSeconds) {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const destination = new MediaStreamAudioDestinationNode(context);
  const socket = new WebSocket(`ws://${location.host}/api/ws/audio?format=webm&sample_rate=48000`);
  const answers = [];
  let heard = () => {};
  const until = async (condition) => {
    while (!condition()) await new Promise((resolve) => { heard = resolve; });
  };

  socket.onmessage = ({ data }) => {
    answers.push(JSON.parse(data));
    heard();
  };
  tone.connect(destination).context.resume();
  tone.start();
  await until(() => answers.length > 0);
  for (let seconds = leastSeconds; seconds <= 2 * leastSeconds; seconds += leastSeconds) {
    const recorder = new MediaRecorder(destination.stream, { mimeType: 'audio/webm;codecs=opus' });
    const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.ondataavailable = ({ data }) => data.size > 0 && socket.send(data);
    recorder.start(100);
    await until(() => answers.at(-1).status !== 'active' || answers.at(-1).duration_seconds >= seconds);
    recorder.stop();
    await stopped;
  }
  socket.send(JSON.stringify({ type: 'control', action: 'close_session' }));
  await until(() => answers.at(-1).status === 'completed');
  const peaks = await (await fetch(`/api/audio/sessions/${answers[0].session_id}/peaks?n=9`)).json();
  return { answers, peaks };
}

run(async () => {
  const browser = await startBrowser();
  const server = await startServer();
  const page = await browser.openPage(`${server.url}/health`);
  const { answers, peaks } = await page.evaluate(`(${record})(${LEAST_SECONDS})`);
  const end = answers.at(-1);

  assert.deepStrictEqual(answers.filter(({ status }) => status === 'error'), []);
  assert.strictEqual(end.chunk_count, answers.length - 2); // but for the greeting and the end
  assert.ok(end.chunk_count > 6, `${end.chunk_count} chunks`);
  assert.ok(end.duration_seconds > 2 * LEAST_SECONDS, `${end.duration_seconds} s`);
  // The tone is in all parts of it; in the first it may begin.
  assert.ok(peaks.max[0].slice(1).every((peak) => peak > 5000) && peaks.min[0].slice(1).every((peak) => peak < -5000), JSON.stringify(peaks));
  await browser.stop();
  await server.stop();
});
