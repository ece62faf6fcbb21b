// The parts of the page that need no browser: node units.mjs CASE. They are bundled from their sources as the page is.
import { fileURLToPath } from 'node:url';

const page = new URL('../../../ApiHost/Dashboard/page/', import.meta.url);
const { build } = await import(new URL('node_modules/esbuild/lib/main.js', page));
const load = async file => {
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(new URL(`src/${file}`, page))], bundle: true, format: 'esm', write: false, banner: { js: 'globalThis.location ??= { pathname: "/dashboard" };' } });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
};

function equal(actual, expected, what) {
  const [a, e] = [actual, expected].map(v => JSON.stringify(v));
  if (a !== e) throw new Error(`${what}: expected ${e}, seen ${a}`);
}

const cases = {
  async events_are_read_whatever_pieces_they_come_in() {
    const { eventReader } = await load('sse.ts');
    const text = ': a comment\r\nevent: overview\ndata: {"a":1}\n\ndata:one\r\ndata: two\r\n\r\n\nevent: nothing\n\nid: 4\ndata: é☺\n\ndata: unfinished\n';
    const expected = [{ event: 'overview', data: '{"a":1}' }, { event: 'message', data: 'one\ntwo' }, { event: 'message', data: 'é☺' }];
    for (let size = 1; size <= text.length; size++) {
      const seen = [];
      const take = eventReader(message => seen.push(message));
      for (let i = 0; i < text.length; i += size) take(text.slice(i, i + size));
      equal(seen, expected, `pieces of ${size}`);
    }
  },

  async an_objective_is_missed_by_what_is_late_or_the_services_fault() {
    const { keeps } = await load('objective.ts');
    const promised = { latencyMs: 50, availability: 0.999 };
    const method = (rest) => ({ name: 'm', kind: 'Unary', callsPerSecond: 100, p99: 10, ...rest });
    equal(keeps(method({ errors: { INVALID_ARGUMENT: 50, NOT_FOUND: 20, CANCELLED: 5, RESOURCE_EXHAUSTED: 9 } }), promised), true, 'faults of callers');
    equal(keeps(method({ errors: { INTERNAL: 1 } }), promised), false, 'a fault of its own in a hundred');
    equal(keeps(method({ callsPerSecond: 10_000, errors: { UNAVAILABLE: 5 } }), promised), true, 'fewer than were promised');
    equal(keeps(method({ p99: 51 }), promised), false, 'late');
    equal([keeps(method({ callsPerSecond: 0 }), promised), keeps(method({}), undefined)], [null, null], 'nothing to judge');
  },

  async a_graph_is_laid_out_without_overlaps_whatever_circles_it_has() {
    const { layout, edgeId, nodeHeight } = await load('graph/layout.ts');
    let random = 7;
    const next = n => (random = (random * 48271) % 2147483647) % n;
    for (let round = 0; round < 60; round++) {
      const nodes = Array.from({ length: 1 + next(30) }, (_, i) => `n${i}`);
      const edges = Array.from({ length: next(60) }, () => ({ from: nodes[next(nodes.length)], to: nodes[next(nodes.length)] }));
      const { places, lanes, layers } = layout(nodes, edges);
      equal([...places.keys()].sort(), [...nodes].sort(), 'every node has a place');
      for (const layer of layers) {
        const ys = layer.map(n => places.get(n).y).sort((a, b) => a - b);
        for (let i = 1; i < ys.length; i++) if (ys[i] - ys[i - 1] < nodeHeight) throw new Error(`two nodes overlap in round ${round}`);
      }
      for (const edge of edges) {
        const between = places.get(edge.to).layer - places.get(edge.from).layer - 1;
        if (edge.from !== edge.to) equal(lanes.get(edgeId(edge))?.length, Math.max(0, between), `lanes of ${edge.from} ${edge.to}`);
      }
    }
    const chain = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
    equal(layout(chain, chain.slice(1).map((to, i) => ({ from: chain[i], to }))).layers.length, chain.length, 'a chain longer than a stack');
  },

  async numbers_have_their_units() {
    const { rate, duration, bytes, count, percent } = await load('format.ts');
    equal([rate(0), rate(0.004), rate(3.14159), rate(123.4), rate(12345), rate(2.5e6), rate(undefined)], ['0', '<0.01/s', '3.14/s', '123/s', '12.3 k/s', '2.5 M/s', '–'], 'rates');
    equal([duration(0.5), duration(12.34), duration(999), duration(1500), duration(61_000), duration(3_720_000), duration(90_000_000), duration(null)], ['0.5 ms', '12.3 ms', '999 ms', '1.5 s', '1 min 1 s', '1 h 2 min', '1 d 1 h', '–'], 'durations');
    equal([bytes(1023), bytes(1536), bytes(5 * 1024 ** 3)], ['1,023 B', '1.5 KiB', '5 GiB'], 'bytes');
    equal([count(9999), count(12_345), count(Number.NaN)], ['9,999', '12.3 k', '–'], 'counts');
    equal([percent(0), percent(0.3), percent(0.001), percent(42.4)], ['0%', '0.3%', '<0.01%', '42%'], 'percents');
  },

  async a_line_for_a_shell_survives_quotes() {
    const { curl, grpcurl } = await load('console/lines.ts');
    const callable = { items: undefined, streams: false, body: { type: 'object', properties: { role: { $ref: '#/components/schemas/a.UserRole' } } }, query: [] };
    const catalog = { resolve: s => (s.$ref ? { type: 'string', enum: ['GuestUser'] } : s), typeName: s => s.$ref?.split(/[/.]/).at(-1) };
    const call = { url: "/rpc/x/it's/M", body: { role: 'GuestUser', text: "it's" }, query: {}, key: "it's" };
    if (!curl(callable, call, 'http://h').endsWith(`'http://h/rpc/x/it'\\''s/M'`)) throw new Error(curl(callable, call, 'http://h'));
    const line = grpcurl(callable, call, catalog, { method: 'p.S/M', key: 'key' }, new URL('https://h/dashboard'));
    if (!line.includes('USER_ROLE_GUEST_USER') || line.includes('-plaintext') || !line.includes('h:443 p.S/M')) throw new Error(line);
  },

  async waits_for_a_lost_host_grow_and_differ() {
    const { Feed } = await load('feed.ts');
    globalThis.sessionStorage = { getItem: () => 'token' };
    const waits = [];
    globalThis.fetch = async () => { throw new TypeError('no host'); };
    const real = globalThis.setTimeout;
    // The feed's own timers are run at once; only how long they would have taken is of interest.
    globalThis.setTimeout = (action, wait) => (wait === 8_000 ? 0 : real(action, 0));
    await new Promise(done => {
      const feed = new Feed(() => undefined, state => {
        if (state.kind !== 'cut') return;
        waits.push(state.retryAt - Date.now());
        if (waits.length === 200) {
          feed.close();
          done();
        }
      });
      feed.open('view=overview');
    });
    if (Math.max(...waits) > 15_200 || Math.min(...waits) < 190) throw new Error(`waits of ${Math.min(...waits)} to ${Math.max(...waits)} ms`);
    if (Math.max(...waits.slice(0, 2)) > 1_210) throw new Error(`the first waits are short: ${waits.slice(0, 2)}`);
    if (Math.max(...waits.slice(50)) - Math.min(...waits.slice(50)) < 5_000) throw new Error('the waits are spread');
    globalThis.setTimeout = real;
  },
};

const name = process.argv[2];
if (!cases[name]) throw new Error(`no such case; there are ${Object.keys(cases).join(', ')}`);
await cases[name]();
