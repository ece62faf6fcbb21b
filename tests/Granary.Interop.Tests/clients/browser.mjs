// A plain page in a browser, from another origin than the host's: node browser.mjs HOST:PORT TOKEN. CHROMIUM names another browser than Debian's.
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { equal, holds, serve } from './cases.mjs';

const [address, token] = process.argv.slice(2);
const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>'));
await new Promise(ready => site.listen(0, '127.0.0.1', ready));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${site.address().port}/`);

// What a page's author would write, and no more: no library is loaded.
await page.evaluate(([host, bearer]) => {
  const headers = { authorization: `Bearer ${bearer}` };
  window.page = {
    post: async (path, body, more = {}) => fetch(`http://${host}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json', ...more } }),
    // Sends what it is given once the socket is open; ends with it.
    socket: (path, send, protocols = ['granary.v1', `granary.bearer.${bearer}`]) => new Promise(done => {
      const seen = [];
      const socket = new WebSocket(`ws://${host}${path}`, protocols);
      socket.onopen = () => send.forEach(s => socket.send(JSON.stringify(s)));
      socket.onmessage = m => seen.push(JSON.parse(m.data));
      socket.onclose = e => done({ seen, code: e.code, reason: e.reason, protocol: socket.protocol });
    }),
    events: path => new Promise(done => {
      const seen = [];
      const events = new EventSource(`http://${host}${path}`);
      events.onmessage = m => seen.push(JSON.parse(m.data));
      events.addEventListener('end', () => { events.close(); done(seen); });
      events.onerror = () => { events.close(); done('error'); };
    }),
  };
}, [address, token]);

serve({
  async fetch_call() {
    equal(await page.evaluate(async () => (await window.page.post('/rpc/testing/7/Add', { a: 40, b: 2 })).json()), 42, 'result');
  },
  async fetch_error() {
    const { status, problem } = await page.evaluate(async () => {
      const response = await window.page.post('/rpc/testing/7/Status', { code: 5, message: 'not here' });
      return { status: response.status, problem: await response.json() };
    });
    equal([status, problem.code, problem.detail], [404, 'NOT_FOUND', 'not here'], 'problem');
  },
  async fetch_stream() {
    equal(await page.evaluate(async () => (await window.page.post('/rpc/testing/7/Count', { to: 3 }, { accept: 'application/x-ndjson' })).text()), '1\n2\n3\n', 'lines');
  },
  async event_source() {
    equal(await page.evaluate(() => window.page.events('/rpc/testing/7/Count?to=4')), [1, 2, 3, 4], 'events');
  },
  async socket_call() {
    const { seen, code, protocol } = await page.evaluate(() => window.page.socket('/ws/testing/7/Add', [{ open: { a: 40, b: 2 } }]));
    equal([seen, code, protocol], [[{ result: 42 }], 1000, 'granary.v1'], 'call');
  },
  async socket_server_stream() {
    const { seen, code } = await page.evaluate(() => window.page.socket('/ws/testing/7/Count?to=3', []));
    equal([seen, code], [[{ item: 1 }, { item: 2 }, { item: 3 }, { end: true }], 1000], 'stream');
  },
  async socket_client_stream() {
    const { seen } = await page.evaluate(() => window.page.socket('/ws/testing/7/Collect', [{ item: { body: 'AAAA' } }, { item: { body: 'AAA=' } }, { end: true }]));
    equal(seen, [{ result: 5 }], 'sum');
  },
  async socket_bidirectional() {
    const { seen } = await page.evaluate(() => window.page.socket('/ws/testing/7/PingPong', [{ item: { size: 3 } }, { item: { size: 0 } }, { end: true }]));
    equal(seen, [{ item: { body: 'AAAA' } }, { item: { body: '' } }, { end: true }], 'pongs');
  },
  async socket_error() {
    const { seen, code, reason } = await page.evaluate(() => window.page.socket('/ws/testing/7/Status', [{ open: { code: 5, message: 'not here' } }]));
    equal([seen[0].error.code, code, reason], ['NOT_FOUND', 4005, 'not here'], 'error');
  },
  async socket_large_message() {
    const size = await page.evaluate(async () => (await window.page.socket('/ws/testing/7/Large', [{ open: { size: 3000000, payload: { body: 'A'.repeat(2000000) } } }])).seen[0].result.body.length);
    equal(size, 4000000, 'base64 of 3 MB');
  },
  async socket_wrong_token() {
    const { seen, code } = await page.evaluate(() => window.page.socket('/ws/testing/7/Empty', [], ['granary.v1', 'granary.bearer.a.b.c']));
    equal([seen, code], [[], 4016], 'refused so that the page learns why');
  },
  async socket_json_rpc() {
    const seen = await page.evaluate(([host, bearer]) => new Promise(done => {
      const seen = [];
      const socket = new WebSocket(`ws://${host}/jsonrpc`, ['granary.v1', `granary.bearer.${bearer}`]);
      const send = message => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
      socket.onopen = () => send({ id: 'x', method: 'testing.PingPong', params: [7] });
      socket.onmessage = m => {
        const message = JSON.parse(m.data);
        seen.push(message);
        if (message.id === 'x') {
          send({ method: 'rpc.send', params: { subscription: message.result, item: { size: 3 } } });
          send({ method: 'rpc.end', params: { subscription: message.result } });
        } else if (message.method === 'rpc.end') {
          socket.close();
          done(seen);
        }
      };
      socket.onclose = e => done({ seen, closed: e.code });
    }), [address, token]);
    holds(Array.isArray(seen), JSON.stringify(seen));
    equal(seen.map(m => m.method ?? 'response'), ['response', 'rpc.item', 'rpc.end'], 'messages');
    equal(seen[1].params.item, { body: 'AAAA' }, 'item');
  },
});
