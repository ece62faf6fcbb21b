// The page without a cluster: node dev/serve.mjs [--port 5080] [--host http://localhost:8080] [--methods 20] [--grains 8] [--silos 3]
// Serves the page and a feed that is made up; everything else goes to the host, if one is named. Any token is taken, but the word "guest".
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { World } from './world.mjs';

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '5080' }, host: { type: 'string' }, methods: { type: 'string', default: '24' }, grains: { type: 'string', default: '8' }, silos: { type: 'string', default: '3' } } });
const here = dirname(fileURLToPath(import.meta.url));
const built = mkdtempSync(join(tmpdir(), 'granary-page-'));
process.on('exit', () => rmSync(built, { recursive: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());
execFileSync('node', [join(here, '../build.mjs'), built]);
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const world = new World(Number(options.methods), Number(options.grains), Number(options.silos));

createServer((incoming, outgoing) => {
  const url = new URL(incoming.url, 'http://x');
  const file = url.pathname === '/dashboard' ? 'index.html' : url.pathname.replace('/dashboard/', '');
  if (url.pathname === '/dashboard/feed') feed(incoming, outgoing, url.searchParams);
  else if (readdirSync(built).includes(file)) outgoing.writeHead(200, { 'content-type': types[extname(file)], 'content-security-policy': policy, 'cache-control': 'no-cache' }).end(readFileSync(join(built, file)));
  else if (url.pathname === '/dev/kill') outgoing.end(String(world.kill()));
  else if (url.pathname.startsWith('/admin/log-levels')) levels(incoming, outgoing, url.searchParams);
  else if (options.host) forward(incoming, outgoing);
  else problem(outgoing, 404, 'NOT_FOUND', 'no host was named');
}).listen(Number(options.port), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}/dashboard#token=anything`);
});

function problem(outgoing, status, code, detail) {
  outgoing.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ status, code, detail, traceId: '0'.repeat(32) }));
}

function feed(incoming, outgoing, query) {
  const token = incoming.headers.authorization ?? '';
  if (!token) return problem(outgoing, 401, 'UNAUTHENTICATED', 'there is no token');
  if (token.endsWith(' guest')) return problem(outgoing, 403, 'PERMISSION_DENIED', 'the role admin is needed');
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (topic, data) => outgoing.write(`event: ${topic}\ndata: ${JSON.stringify(data)}\n\n`);
  const view = query.get('view');
  for (const [topic, data] of world.first(view)) send(topic, data);
  const tick = () => {
    for (const [topic, data] of world.now(view, query)) send(topic, data);
  };
  tick();
  const timer = setInterval(tick, 1000);
  outgoing.on('close', () => clearInterval(timer));
}

function levels(incoming, outgoing, query) {
  let body = '';
  incoming.on('data', piece => (body += piece)).on('end', () => {
    if (incoming.method === 'POST') world.overrides.push({ ...JSON.parse(body), until: Date.now() + JSON.parse(body).minutes * 60_000, by: 'developer' });
    else if (incoming.method === 'DELETE') world.overrides = world.overrides.filter(o => o.category !== query.get('category'));
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(world.overrides));
  });
}

function forward(incoming, outgoing) {
  const target = new URL(incoming.url, options.host);
  incoming.pipe(request(target, { method: incoming.method, headers: { ...incoming.headers, host: target.host } }, answer => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  }).on('error', error => problem(outgoing, 502, 'UNAVAILABLE', error.message)));
}
