// JSON-RPC 2.0 by jayson, by POST and on a WebSocket: node jsonrpc.mjs HOST:PORT TOKEN.
import jayson from 'jayson';
import { WebSocket } from 'ws';
import { equal, holds, serve } from './cases.mjs';

const [address, token] = process.argv.slice(2);
const [host, port] = address.split(':');
const headers = { authorization: `Bearer ${token}` };

const byPost = jayson.Client.http({ host, port, path: '/jsonrpc', headers });
let opening;
function bySocket() {
  opening ??= new Promise((done, failed) => {
    const ws = new WebSocket(`ws://${address}/jsonrpc`, { headers });
    ws.on('open', () => done(jayson.Client.websocket({ ws })));
    ws.on('error', failed);
  });
  return opening;
}

const call = (client, method, params, id) => new Promise((done, failed) =>
  client.request(method, params, id, (error, response) => error ? failed(error) : done(response)));
const batch = (client, requests) => new Promise((done, failed) =>
  client.request(requests, (error, responses) => error ? failed(error) : done(responses)));

const same = {
  async call(client) {
    equal((await call(client, 'testing.Add', [7, 40, 2])).result, 42, 'by position');
    equal((await call(client, 'testing.Add', { b: 2, a: 40, key: 7 })).result, 42, 'by name');
    equal((await call(client, 'testing.Empty', [7])).result, null, 'no result');
  },
  async errors(client) {
    const { error } = await call(client, 'testing.Status', [7, 5, 'not here']);
    equal([error.code, error.message, error.data.code], [-32005, 'not here', 'NOT_FOUND'], 'error');
    equal((await call(client, 'testing.Add', [7, 'x', 2])).error.code, -32602, 'wrong argument');
    equal((await call(client, 'testing.None', [7])).error.code, -32601, 'no method');
    const detailed = (await call(client, 'testing.Detailed', [7])).error;
    equal([detailed.data.errors[0].field, detailed.data.reason, detailed.data.retryAfter], ['lines[2].quantity', 'NOTHING_FITS', 30], 'details');
  },
  async batch(client) {
    const responses = await batch(client, [
      client.request('testing.Add', [7, 1, 2], undefined, false),
      client.request('testing.Empty', [7], null, false),
      client.request('testing.None', [7], undefined, false),
      client.request('testing.Add', [7, 3, 4], undefined, false),
    ]);
    equal(responses.map(r => r.result ?? r.error.code), [3, -32601, 7], 'answers in order, none to the notification');
  },
  async notification(client) {
    client.request('testing.Empty', [7], null, () => {});
    equal((await call(client, 'testing.Add', [7, 1, 1])).result, 2, 'afterwards');
  },
  async many(client) {
    const sums = await Promise.all(Array.from({ length: 500 }, (_, i) => call(client, 'testing.Add', [i % 10, i, 1])));
    equal(sums.map(r => r.result), Array.from({ length: 500 }, (_, i) => i + 1), 'each its own answer');
  },
  async values(client) {
    const everything = {
      number: 9007199254740000, fraction: 0.1, text: 'ü☺😈', flag: true, numbers: [1, 2, 3], names: { a: 'b' }, at: '2026-01-02T03:04:05Z', took: '1.500s', shade: 'LightGrey',
    };
    const { result } = await call(client, 'testing.Echo', [7, everything]);
    for (const name of Object.keys(everything)) equal(result[name], everything[name], name);
    holds(!('perhaps' in result), 'absent stays absent');
  },
};

const cases = {};
for (const [name, run] of Object.entries(same)) {
  cases[`post:${name}`] = () => run(byPost);
  cases[`socket:${name}`] = async () => run(await bySocket());
}

serve(cases);
