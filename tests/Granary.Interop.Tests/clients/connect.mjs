// The same contract by @connectrpc/connect-node, over its three protocols: node connect.mjs HOST:PORT TOKEN. A case is transport:name, for example connect-json:unary.
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport, compressionGzip } from '@connectrpc/connect-node';
import { equal, holds, serve, special, until } from './cases.mjs';

const [address, token] = process.argv.slice(2);
const set = new Uint8Array(await (await fetch(`http://${address}/proto.binpb`)).arrayBuffer());
const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, set)).getService('granary.testing.v1.Testing');

// Only what is got is said not to be kept.
let caching;
const authorize = next => async request => {
  if (!request.header.has('authorization')) request.header.set('authorization', `Bearer ${token}`);
  const response = await next(request);
  caching = response.header.get('cache-control');
  return response;
};
const common = { baseUrl: `http://${address}`, interceptors: [authorize], acceptCompression: [compressionGzip] };
const packing = { ...common, sendCompression: compressionGzip, compressMinBytes: 100 };
const transports = {
  'connect-json': createConnectTransport({ ...common, httpVersion: '2', useBinaryFormat: false }),
  'connect-json-http1': createConnectTransport({ ...common, httpVersion: '1.1', useBinaryFormat: false }),
  'connect-proto': createConnectTransport({ ...common, httpVersion: '2', useBinaryFormat: true }),
  'connect-get': createConnectTransport({ ...common, httpVersion: '1.1', useBinaryFormat: true, useHttpGet: true }),
  'connect-gzip': createConnectTransport({ ...packing, httpVersion: '2', useBinaryFormat: true }),
  grpc: createGrpcTransport(common),
  'grpc-gzip': createGrpcTransport(packing),
  'grpc-web': createGrpcWebTransport({ ...common, httpVersion: '1.1' }),
  'grpc-web-http2': createGrpcWebTransport({ ...packing, httpVersion: '2' }),
};

const sizes = [31415, 9, 2653, 58979];
const unique = () => `${Math.random()}`;

async function* each(values) {
  yield* values;
}

async function list(stream) {
  const all = [];
  for await (const item of stream) all.push(item);
  return all;
}

async function fails(promise, code, says = '') {
  try {
    await promise;
  } catch (error) {
    const known = ConnectError.from(error);
    equal(known.code, code, `the code (${known.rawMessage})`);
    holds(known.rawMessage.includes(says), `'${known.rawMessage}' does not say '${says}'`);
    return known;
  }
  throw new Error('no error');
}

const common_cases = client => ({
  unary: async () => {
    await client.empty({});
    equal((await client.large({ size: 314159, payload: { body: new Uint8Array(271828) } })).body.length, 314159, 'the size');
    equal((await client.woken({ name: unique() })).result, 0, 'a default');
  },
  metadata: async () => {
    let header;
    let trailer;
    await client.large({ size: 10, payload: {} }, {
      headers: { 'x-grpc-test-echo-initial': 'initial', 'x-grpc-test-echo-trailing-bin': 'q6ur' },
      onHeader: h => header = h.get('x-grpc-test-echo-initial'),
      onTrailer: t => trailer = t.get('x-grpc-test-echo-trailing-bin'),
    });
    equal([header, trailer], ['initial', 'q6ur'], 'header and trailer');
  },
  everything: async () => {
    const everything = { number: 9007199254740993n, fraction: 0.5, text: 'ä ☺', flag: true, numbers: [1, -2, 3], names: { a: 'b' }, at: { seconds: 1700000000n, nanos: 500000000 }, took: { seconds: 90n, nanos: 0 }, shade: 1, perhaps: 0, inner: { number: 8n } };
    const reply = await client.echo({ everything });
    for (const name of ['number', 'fraction', 'text', 'flag', 'numbers', 'names', 'shade', 'perhaps']) equal(reply[name], everything[name], name);
    equal([reply.at.seconds, reply.at.nanos, reply.took.seconds, reply.inner.number], [1700000000n, 500000000, 90n, 8n], 'times and inner');
  },
  errors: async () => {
    for (let code = 1; code <= 16; code++) await fails(client.status({ code, message: `code ${code}` }), code, `code ${code}`);
    equal((await fails(client.status({ code: 2, message: special }), Code.Unknown)).rawMessage, special, 'the message');
    const { details } = await fails(client.detailed({}), Code.InvalidArgument, 'nothing fits');
    equal(details.map(d => d.type).sort(), ['google.rpc.BadRequest', 'google.rpc.ErrorInfo', 'google.rpc.RetryInfo'], 'the details');
  },
  unauthenticated: () => fails(client.empty({}, { headers: { authorization: 'Bearer nonsense' } }), Code.Unauthenticated),
  deadline: async () => {
    const name = unique();
    await fails(client.sleep({ name }, { timeoutMs: 100 }), Code.DeadlineExceeded);
    await until(async () => (await client.woken({ name })).result === 1, 'the grain is told');
  },
  server_streaming: async () => equal((await list(client.produce({ sizes }))).map(p => p.body.length), sizes, 'the sizes'),
  error_in_stream: async () => {
    const seen = [];
    await fails((async () => { for await (const item of client.break({ after: 3 })) seen.push(item.result); })(), Code.DataLoss, 'broken off');
    equal(seen, [1, 2, 3], 'the items');
  },
  client_streaming: async () => equal((await client.collect(each([27182, 8, 1828, 45904].map(n => ({ item: { body: new Uint8Array(n) } }))))).result, 74922, 'the size'),
  cancel: async () => {
    const name = unique();
    const stop = new AbortController();
    await fails((async () => { for await (const _ of client.sleepAfterOne({ name }, { signal: stop.signal })) stop.abort(); })(), Code.Canceled);
    await until(async () => (await client.woken({ name })).result === 1, 'the grain is told');
  },
});

// Over HTTP/1.1 a side does not answer while the other still sends.
const both_ways = client => ({
  ping_pong: async () => {
    const pings = [];
    let wake = () => {};
    let ended = false;
    async function* sent() {
      for (;;) {
        while (pings.length > 0) yield pings.shift();
        if (ended) return;
        await new Promise(resolve => wake = resolve);
      }
    }
    const seen = [];
    const ping = () => { pings.push({ item: { size: sizes[seen.length] } }); wake(); };
    ping();
    for await (const item of client.pingPong(sent())) {
      seen.push(item.body.length);
      if (seen.length === sizes.length) { ended = true; wake(); } else ping();
    }
    equal(seen, sizes, 'the sizes');
  },
  empty_stream: async () => equal(await list(client.pingPong(each([]))), [], 'the items'),
});

const cases = {};
for (const [name, transport] of Object.entries(transports)) {
  const client = createClient(service, transport);
  for (const [what, run] of Object.entries(common_cases(client))) cases[`${name}:${what}`] = run;
  for (const [what, run] of Object.entries(both_ways(client))) cases[`${name}:${what}`] = run;
}

cases['connect-get:get'] = async () => {
  await createClient(service, transports['connect-proto']).woken({ name: 'x' });
  equal(caching, 'no-store', 'caching of a POST');
  await createClient(service, transports['connect-get']).woken({ name: 'x' });
  equal(caching, 'no-store', 'caching of a GET');
};
serve(cases);
