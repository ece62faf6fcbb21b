// The cases of gRPC's interop test descriptions, and others, by @grpc/grpc-js: node grpc.mjs HOST:PORT TOKEN
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { equal, holds, serve, special, until } from './cases.mjs';

const [address, token] = process.argv.slice(2);
const options = { longs: Number, enums: String, defaults: true };

// The published contract.
const folder = mkdtempSync(join(tmpdir(), 'granary-interop-'));
const { files } = await (await fetch(`http://${address}/proto`)).json();
for (const file of files) {
  const name = file.name ?? file;
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await (await fetch(`http://${address}/proto/${name}`)).text());
}

const definition = loader.loadSync('granary/testing/v1.proto', { ...options, includeDirs: [folder] });
const Testing = grpc.loadPackageDefinition(definition).granary.testing.v1.Testing;
const insecure = grpc.credentials.createInsecure();
const client = new Testing(address, insecure);

function metadata(values = {}) {
  const all = new grpc.Metadata();
  all.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(values)) all.set(name, value);
  return all;
}

// A unary call: its reply, headers and trailers.
function call(method, request, settings = {}, of = client, meta = metadata()) {
  return new Promise((resolve, reject) => {
    let headers;
    let reply;
    const running = of[method](request, meta, settings, (error, value) => { if (error) reject(error); else reply = value; });
    running.on('metadata', m => headers = m);
    running.on('status', status => { if (status.code === 0) resolve({ reply, headers, trailers: status.metadata }); });
  });
}

// A stream's items, until its end or error.
function items(stream) {
  return new Promise((resolve, reject) => {
    const all = [];
    stream.on('data', item => all.push(item));
    stream.on('error', error => { error.items = all; reject(error); });
    stream.on('end', () => resolve(all));
  });
}

async function fails(promise, code, says = '') {
  try {
    await promise;
  } catch (error) {
    equal(error.code, code, `the code (${error.details})`);
    holds(error.details.includes(says), `'${error.details}' does not say '${says}'`);
    return error;
  }
  throw new Error('no error');
}

const unique = () => `${Math.random()}`;
const sizes = [31415, 9, 2653, 58979];
const asked = [27182, 8, 1828, 45904];

function collect(of = client, meta = metadata()) {
  return new Promise((resolve, reject) => {
    const stream = of.collect(meta, (error, reply) => error ? reject(error) : resolve(reply.result));
    for (const size of asked) stream.write({ item: { body: Buffer.alloc(size) } });
    stream.end();
  });
}

async function pingPong(of = client) {
  const stream = of.pingPong(metadata());
  const seen = [];
  await new Promise((resolve, reject) => {
    const send = () => stream.write({ item: { size: sizes[seen.length], payload: { body: Buffer.alloc(asked[seen.length]) } } });
    stream.on('data', item => {
      seen.push(item.body.length);
      if (seen.length === sizes.length) stream.end();
      else send();
    });
    stream.on('error', reject);
    stream.on('end', resolve);
    send();
  });
  equal(seen, sizes, 'the sizes');
}

// Asks reflection and answers with its responses.
async function reflect(version, ...questions) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const pass = v => v;
  const stream = new grpc.Client(address, insecure).makeBidiStreamRequest(path, pass, pass, new grpc.Metadata());
  for (const [field, text] of questions) stream.write(Buffer.concat([Buffer.from([field << 3 | 2, text.length]), Buffer.from(text)]));
  stream.end();
  return items(stream);
}

// The values of a length-delimited field.
function fields(message, wanted) {
  const found = [];
  let at = 0;
  const varint = () => { let v = 0; let shift = 0; for (;;) { const b = message[at++]; v += (b & 127) * 2 ** shift; shift += 7; if (b < 128) return v; } };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === 0) { varint(); continue; }
    const length = varint();
    if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}

async function reflection(version) {
  const [list] = await reflect(version, [7, '']);
  const services = fields(fields(list, 6)[0], 1).map(s => fields(s, 1)[0].toString());
  for (const name of ['granary.testing.v1.Testing', 'grpc.health.v1.Health', `grpc.reflection.${version}.ServerReflection`]) holds(services.includes(name), `${name} is not among ${services}`);

  // A client made of nothing but what reflection tells.
  const [answer] = await reflect(version, [4, 'granary.testing.v1.Testing']);
  const set = Buffer.concat(fields(fields(answer, 4)[0], 1).map(file => Buffer.concat([Buffer.from([10]), varint(file.length), file])));
  const reflected = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(set, options)).granary.testing.v1.Testing;
  equal((await call('large', { size: 7, payload: { body: Buffer.alloc(3) } }, {}, new reflected(address, insecure))).reply.body.length, 7, 'the size');
}

function varint(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push(number % 128 + 128);
  return Buffer.from([...bytes, number]);
}

serve({
  empty_unary: async () => equal((await call('empty', {})).reply, {}, 'the reply'),
  large_unary: async () => equal((await call('large', { size: 314159, payload: { body: Buffer.alloc(271828) } })).reply.body.length, 314159, 'the size'),
  client_streaming: async () => equal(await collect(), 74922, 'the size'),
  server_streaming: async () => equal((await items(client.produce({ sizes }, metadata()))).map(p => p.body.length), sizes, 'the sizes'),
  ping_pong: () => pingPong(),
  empty_stream: async () => {
    const stream = client.pingPong(metadata());
    stream.end();
    equal(await items(stream), [], 'the items');
  },
  cancel_after_begin: async () => {
    const stream = client.collect(metadata(), () => {});
    const ended = new Promise(resolve => stream.on('status', resolve));
    stream.cancel();
    equal((await ended).code, grpc.status.CANCELLED, 'the code');
  },
  cancel_after_first_response: async () => {
    const stream = client.pingPong(metadata());
    stream.on('error', () => {});
    const ended = new Promise(resolve => stream.on('status', resolve));
    stream.on('data', () => stream.cancel());
    stream.write({ item: { size: 31415, payload: { body: Buffer.alloc(27182) } } });
    equal((await ended).code, grpc.status.CANCELLED, 'the code');
  },
  timeout_on_sleeping_server: async () => {
    const name = unique();
    await fails(call('sleep', { name }, { deadline: Date.now() + 100 }), grpc.status.DEADLINE_EXCEEDED);
    await until(async () => (await call('woken', { name })).reply.result === 1, 'the grain is told');
  },
  status_code_and_message: async () => {
    await fails(call('status', { code: 2, message: 'test status message' }), 2, 'test status message');
    await fails(items(client.break({ after: 0 }, metadata())), grpc.status.DATA_LOSS, 'broken off');
  },
  special_status_message: async () => equal((await fails(call('status', { code: 2, message: special }), 2)).details, special, 'the message'),
  unimplemented_method: () => fails(unknown('/granary.testing.v1.Testing/UnimplementedCall'), grpc.status.UNIMPLEMENTED),
  unimplemented_service: () => fails(unknown('/granary.testing.v1.UnimplementedService/UnimplementedCall'), grpc.status.UNIMPLEMENTED),
  // The message passes the gateway undecoded, and is known again all the same.
  idempotency_key: async () => {
    const name = unique();
    const keyed = key => call('increment', { name }, {}, client, metadata(key ? { 'idempotency-key': key } : {}));
    equal((await keyed(name)).reply.result, 1, 'the first');
    const again = await keyed(name);
    equal([again.reply.result, again.headers.get('idempotency-replayed')], [1, ['true']], 'the same again');
    equal((await keyed(`${name}2`)).reply.result, 2, 'another key');
    equal((await keyed()).reply.result, 3, 'no key');
    await fails(call('increment', { name: `${name}3` }, {}, client, metadata({ 'idempotency-key': name })), grpc.status.INVALID_ARGUMENT, 'new key');
  },
  custom_metadata: async () => {
    const sent = { 'x-grpc-test-echo-initial': 'test_initial_metadata_value', 'x-grpc-test-echo-trailing-bin': Buffer.from([0xab, 0xab, 0xab]) };
    const { headers, trailers } = await call('large', { size: 314159, payload: { body: Buffer.alloc(271828) } }, {}, client, metadata(sent));
    equal(headers.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value'], 'the header');
    equal(trailers.get('x-grpc-test-echo-trailing-bin').map(b => b.toString('hex')), ['ababab'], 'the trailer');

    const stream = client.pingPong(metadata(sent));
    const head = new Promise(resolve => stream.on('metadata', resolve));
    const end = new Promise(resolve => stream.on('status', resolve));
    stream.write({ item: { size: 3 } });
    stream.end();
    await items(stream);
    equal((await head).get('x-grpc-test-echo-initial'), ['test_initial_metadata_value'], "the stream's header");
    equal((await end).metadata.get('x-grpc-test-echo-trailing-bin').map(b => b.toString('hex')), ['ababab'], "the stream's trailer");
  },
  all_codes: async () => {
    for (let code = 1; code <= 16; code++) await fails(call('status', { code, message: `code ${code}` }), code, `code ${code}`);
  },
  error_details: async () => {
    const error = await fails(call('detailed', {}), grpc.status.INVALID_ARGUMENT, 'nothing fits');
    const [status] = error.metadata.get('grpc-status-details-bin');
    const details = new Map(fields(status, 3).map(any => [fields(any, 1)[0].toString(), fields(any, 2)[0]]));
    equal([...details.keys()].sort(), ['BadRequest', 'ErrorInfo', 'RetryInfo'].map(t => `type.googleapis.com/google.rpc.${t}`), 'the types');
    const violation = fields(details.get('type.googleapis.com/google.rpc.BadRequest'), 1)[0];
    equal([1, 2].map(f => fields(violation, f)[0].toString()), ['lines[2].quantity', 'must be positive'], 'the violation');
    equal(fields(details.get('type.googleapis.com/google.rpc.ErrorInfo'), 1)[0].toString(), 'NOTHING_FITS', 'the reason');
  },
  error_in_stream: async () => equal((await fails(items(client.break({ after: 3 }, metadata())), grpc.status.DATA_LOSS, 'broken off')).items.map(i => i.result), [1, 2, 3], 'the items'),
  gzip: async () => {
    const packing = new Testing(address, insecure, { 'grpc.default_compression_algorithm': 2 });
    equal((await call('large', { size: 100000, payload: { body: Buffer.alloc(100000) } }, {}, packing)).reply.body.length, 100000, 'the size');
    equal(await collect(packing), 74922, 'the size of a stream');
    await pingPong(packing);
    packing.close();
  },
  big_messages: async () => {
    const big = new Testing(address, insecure, { 'grpc.max_receive_message_length': -1 });
    const size = 7 * 1024 * 1024;
    equal((await call('large', { size, payload: { body: Buffer.alloc(size) } }, {}, big)).reply.body.length, size, 'the size');
    big.close();
  },
  oversize: async () => {
    await fails(call('large', { size: 1, payload: { body: Buffer.alloc(9 * 1024 * 1024) } }), grpc.status.RESOURCE_EXHAUSTED, 'larger than');
    equal((await call('empty', {})).reply, {}, 'the reply after it');
  },
  deadline: async () => {
    await fails(items(client.sleepAfterOne({ name: unique() }, metadata(), { deadline: Date.now() + 200 })), grpc.status.DEADLINE_EXCEEDED);
  },
  cancel: async () => {
    const name = unique();
    const stream = client.sleepAfterOne({ name }, metadata());
    stream.on('error', () => {});
    await new Promise(resolve => stream.once('data', resolve));
    stream.cancel();
    await until(async () => (await call('woken', { name })).reply.result === 1, 'the grain is told');
  },
  many_streams: async () => {
    const all = await Promise.all(Array.from({ length: 500 }, (_, i) => items(client.produce({ sizes: [i, i + 1] }, metadata()))));
    all.forEach((one, i) => equal(one.map(p => p.body.length), [i, i + 1], `stream ${i}`));
  },
  unauthenticated: async () => {
    await fails(call('empty', {}, {}, client, new grpc.Metadata()), grpc.status.UNAUTHENTICATED);
    const wrong = new grpc.Metadata();
    wrong.set('authorization', 'Bearer nonsense');
    await fails(call('empty', {}, {}, client, wrong), grpc.status.UNAUTHENTICATED);
  },
  health: async () => {
    const pass = v => v;
    const check = await new Promise((resolve, reject) => new grpc.Client(address, insecure).makeUnaryRequest('/grpc.health.v1.Health/Check', pass, pass, Buffer.alloc(0), (e, r) => e ? reject(e) : resolve(r)));
    equal([...check], [8, 1], 'SERVING');
  },
  reflection_v1: () => reflection('v1'),
  reflection_v1alpha: () => reflection('v1alpha'),
  everything: async () => {
    const everything = { number: 7, fraction: 0.5, text: 'ä ☺', flag: true, numbers: [1, -2, 3], names: { a: 'b' }, at: { seconds: 1700000000, nanos: 500000000 }, took: { seconds: 90, nanos: 0 }, shade: 'SHADE_LIGHT_GREY', perhaps: 0, inner: { number: 8 } };
    const { reply } = await call('echo', { everything });
    for (const name of ['number', 'fraction', 'text', 'flag', 'numbers', 'names', 'at', 'took', 'shade', 'perhaps']) equal(reply[name], everything[name], name);
    equal(reply.inner.number, 8, 'inner.number');
  },
});

function unknown(path) {
  const pass = v => v;
  return new Promise((resolve, reject) => new grpc.Client(address, insecure).makeUnaryRequest(path, pass, pass, Buffer.alloc(0), metadata(), (e, r) => e ? reject(e) : resolve(r)));
}
