// A made-up cluster that moves: numbers that wander, a silo that may die, now and then an event.

const started = Date.now() - 3_723_000;
const wave = (at, seed, slow = 60) => 1 + 0.35 * Math.sin(at / 1000 / slow + seed) + 0.15 * Math.sin(at / 1700 + seed * 3) + 0.08 * (Math.random() - 0.5);
const hex = n => Array.from({ length: n }, () => Math.floor(Math.random() * 16).toString(16)).join('');
const pick = list => list[Math.floor(Math.random() * list.length)];
const names = ['calculator', 'devices', 'greeter', 'inventory', 'orders', 'payments', 'users', 'search', 'mail', 'routing'];
const verbs = ['Get', 'Place', 'Ingest', 'Multiply', 'Deposit', 'Restock', 'Update', 'Register', 'Remove', 'Watch', 'Alerts'];
const codes = ['NOT_FOUND', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'INVALID_ARGUMENT'];

export class World {
  overrides = [];
  events = [];
  sequence = 0;

  constructor(methods, grains, silos) {
    this.silos = Array.from({ length: silos }, (_, i) => ({ address: `10.0.0.${i + 1}:11111@${154287355 + i}`, name: `silo-${i}`, status: 'Active', release: '0.1.0', roles: i === 0 ? ['edge'] : [], startedAt: started + i * 1500, answers: true }));
    this.services = [];
    for (let i = 0; i < methods; i++) {
      const s = Math.floor(i / verbs.length);
      const service = (this.services[s] ??= { name: names[s % names.length] + (s >= names.length ? Math.floor(s / names.length) : ''), version: s % 7 === 6 ? 2 : 1, interface: `Granary.Samples.I${s}Grain`, owner: pick(['team-core', 'team-shop', undefined]), objective: s % 3 === 0 ? { latencyMs: 25, availability: 99.9 } : undefined, methods: [] });
      service.methods.push({ name: verbs[i % verbs.length], kind: i % 11 === 10 ? 'ServerStream' : 'Unary', base: 400 / (1 + (i % 37)), slow: 1 + (i % 13) });
    }
    this.types = Array.from({ length: grains }, (_, i) => ({ type: names[i % names.length] + (i >= names.length ? i : ''), base: Math.ceil(100_000 / (i + 1) / 2.7) }));
    for (const silo of this.silos) this.tell('silo-active', 'good', silo.name, `${silo.name} is active`, silo.startedAt);
    this.tell('gateway-joined', 'info', 'gateway-a', 'gateway-a joined', started + 9000);
  }

  tell(kind, severity, subject, text, at = Date.now()) {
    this.events.push({ id: this.events.length + 1, at, kind, severity, subject, text });
  }

  kill() {
    const silo = this.silos.find(s => s.status === 'Active');
    silo.status = 'Dead';
    silo.answers = false;
    this.tell('silo-dead', 'bad', silo.name, `${silo.name} is dead: its lease ran out`);
    return silo.name;
  }

  first(view) {
    const step = 5000;
    const at = Array.from({ length: 180 }, (_, i) => Math.floor(Date.now() / step) * step - (180 - i) * step);
    const column = (base, seed) => at.map(t => base * wave(t, seed));
    const result = [['history', { stepMs: step, at, callsPerSecond: column(2400, 1), errorsPerSecond: column(6, 2), p50: column(1.2, 3), p99: column(21, 4), activations: column(100000, 5), inFlight: column(40, 6) }], ['events', { events: this.events }]];
    if (view === 'services') result.push(['services-history', { stepMs: step, rates: Object.fromEntries(this.services.flatMap(s => s.methods.map(m => [`${s.name}${s.version > 1 ? ` v${s.version}` : ''}/${m.name}`, at.slice(-60).map(t => m.base * wave(t, m.slow))]))) }]);
    return result;
  }

  now(view, query) {
    const at = Date.now();
    if (Math.random() < 0.03) this.tell('breaker-open', 'warning', 'orders/Place', 'The breaker of orders/Place opened on gateway-a');
    const result = [['overview', this.overview(at)], ['events', { events: this.events.slice(-5) }]];
    if (view === 'services') result.push(['services', this.methods(at)]);
    if (view === 'grains') result.push(['grains', this.grains(at)]);
    if (view === 'grain') result.push(['grain', this.grain(at, query.get('grain'))]);
    if (view === 'limits') result.push(['limits', this.limits(at)]);
    if (view === 'graph') result.push(['graph', this.graph(at)]);
    if (view === 'logs') result.push(['logs', this.logs(at, query)], ['log-levels', { overrides: this.overrides }]);
    return result;
  }

  overview(at) {
    const calls = 2400 * wave(at, 1);
    const alive = this.silos.filter(s => s.status === 'Active').length;
    return {
      at,
      process: 'gateway-a',
      totals: { callsPerSecond: calls, errorsPerSecond: 6 * wave(at, 2), inFlight: Math.round(40 * wave(at, 6)), activations: Math.round(100000 * wave(at, 5)), p50: 1.2 * wave(at, 3), p95: 8 * wave(at, 4), p99: 21 * wave(at, 4) },
      silos: this.silos.map((s, i) => (s.status === 'Dead' ? { ...s, problem: 'does not answer within 2 s' } : { ...s, load: { activations: Math.round(33000 * wave(at, i)), clients: 2, cpu: 38 * wave(at, i), memory: 310e6 * wave(at, i + 5), queueDelayMs: 2.2 * wave(at, i), overloaded: false, suspects: [] }, callsPerSecond: calls / alive, errorsPerSecond: 2 * wave(at, i), p50: 0.6 * wave(at, i), p99: 14 * wave(at, i) })),
      gateways: ['gateway-a', 'gateway-b'].map((name, i) => ({ name, address: `10.0.1.${i + 1}:8080`, release: '0.1.0', startedAt: started, callsPerSecond: calls / 2, errorsPerSecond: 3, inFlight: 20, p50: 1.1, p99: 20 * wave(at, i), cpu: 22 * wave(at, i), memory: 160e6, here: i === 0 })),
    };
  }

  methods(at) {
    return {
      services: this.services.map(s => ({ ...s, methods: s.methods.map(m => ({ name: m.name, kind: m.kind, callsPerSecond: m.base * wave(at, m.slow), errorsPerSecond: m.slow % 5 === 0 ? m.base * 0.01 : 0, errors: m.slow % 5 === 0 ? { [pick(codes)]: m.base * 0.01 } : {}, inFlight: Math.round(m.base / 30), p50: m.slow * 0.6 * wave(at, 1), p95: m.slow * 2 * wave(at, 2), p99: m.slow * 4 * wave(at, 3), max: m.slow * 9 })) })),
      slowest: Array.from({ length: 12 }, (_, i) => ({ method: `${pick(names)}/${pick(verbs)}`, grain: `orders/o-${1000 + i}`, ms: 40 + 300 / (i + 1), at: at - i * 4000, traceId: hex(32), silo: 'silo-1', code: i % 4 === 0 ? pick(codes) : 'OK', caller: 'gateway-a' })),
    };
  }

  grains(at) {
    const alive = this.silos.filter(s => s.status === 'Active');
    return {
      types: this.types.map((t, i) => {
        const silos = Object.fromEntries(alive.map((s, j) => [s.address, Math.round((t.base / alive.length) * wave(at, i + j, 200))]));
        return { type: t.type, class: `Granary.Samples.${t.type}`, service: t.type, silos, total: Object.values(silos).reduce((a, b) => a + b, 0), callsPerSecond: (t.base / 40) * wave(at, i), errorsPerSecond: i % 3, p99: 4 + i };
      }),
      hot: Array.from({ length: 15 }, (_, i) => ({ grain: `devices/${7 + i * 13}`, silo: pick(alive).address, callsPerSecond: (300 / (i + 1)) * wave(at, i) })),
      mailboxes: Array.from({ length: 8 }, (_, i) => ({ grain: `inventory/sku-${i}`, silo: pick(alive).address, waiting: 40 - i * 4, running: 1 })),
    };
  }

  grain(at, grain) {
    return { grain, found: true, silo: this.silos.at(-1).address, since: started, lastUsed: at - 400, waiting: 2, running: 1, calls: Array.from({ length: 40 }, (_, i) => ({ at: at - i * 700 - (at % 700), method: `orders/${pick(verbs)}`, ms: 2 + 40 * Math.random() ** 4, queuedMs: Math.random() * 2, code: i % 9 === 0 ? 'ABORTED' : 'OK', traceId: hex(32), caller: 'gateway-a' })), states: [{ name: 'order', storage: 'Redis', bytes: 1832, etag: '42' }] };
  }

  limits(at) {
    const one = (name, open) => ({ name, redisAway: false, rateLimits: [{ policy: 'default', tokens: 100, periodMs: 1000, burst: 200, shared: false, grantedPerSecond: 1200 * wave(at, 1), refusedPerSecond: 0 }, { policy: 'writes', tokens: 20, periodMs: 1000, burst: 40, shared: true, grantedPerSecond: 80 * wave(at, 1), refusedPerSecond: 4 }], shedding: { active: false, limit: 512, inFlight: 22, waiting: 0, refusedPerSecond: 0 }, bulkheads: [{ service: 'payments', inFlight: 4, limit: 64, refusedPerSecond: 0 }], breakers: this.services.slice(0, 2).flatMap(s => s.methods.map((m, i) => ({ method: `granary.samples.v1.${s.name}/${m.name}`, state: open && i === 1 ? 'open' : open && i === 2 ? 'half-open' : 'closed', since: at - 42000, calls: 210, failures: i === 1 ? 160 : 1 }))), retries: { perSecond: 1.4, refusedPerSecond: 0 }, hedges: { perSecond: 3.1, wonPerSecond: 0.8 } });
    return { gateways: [one('gateway-a', true), one('gateway-b', false)] };
  }

  graph(at) {
    const services = this.services.slice(0, 12);
    const nodes = [{ id: 'g:gateway-a', kind: 'gateway', label: 'gateway-a' }, { id: 'g:gateway-b', kind: 'gateway', label: 'gateway-b' }, ...services.map(s => ({ id: `s:${s.name}`, kind: 'service', label: s.name, owner: s.owner })), { id: 'i:reservations', kind: 'grain', label: 'stockreservations' }, { id: 'i:ledger', kind: 'grain', label: 'ledger' }];
    for (const [i, node] of nodes.entries()) Object.assign(node, { callsPerSecond: 300 * wave(at, i), errorsPerSecond: i === 4 ? 2 : 0, p99: 8 + i });
    const edges = services.flatMap((s, i) => [{ from: `g:gateway-${i % 2 ? 'a' : 'b'}`, to: `s:${s.name}` }]);
    const link = (from, to) => edges.push({ from, to });
    if (services.length > 6) {
      link('s:orders', 's:inventory');
      link('s:orders', 's:payments');
      link('s:orders', 's:users');
    }
    link(`s:${services.at(-1).name}`, 'i:ledger');
    link(`s:${services[0].name}`, 'i:reservations');
    link('i:reservations', `s:${services[0].name}`);
    for (const [i, edge] of edges.entries()) Object.assign(edge, { callsPerSecond: 200 * wave(at, i), errorsPerSecond: i === 2 ? 1 : 0, p99: 6 + i });
    return { nodes, edges };
  }

  logs(at, query) {
    const text = query.get('text') ?? '';
    const entries = Array.from({ length: 3 }, () => ({ process: pick([this.silos[0].address, this.silos[1].address, 'gateway-a']), sequence: ++this.sequence, at: at - Math.floor(Math.random() * 900), level: pick(['information', 'information', 'information', 'warning', 'error']), category: pick(['Granary.Engine.Membership', 'Granary.Gateway.Shedding', 'Granary.Samples.OrderGrain']), text: pick(['The order o-1042 was placed for 3 items', 'A retry of inventory/Restock was refused: the budget is spent', 'The lease was renewed in 3 ms']), traceId: Math.random() < 0.6 ? text.match(/^[0-9a-f]{32}$/) ? text : hex(32) : undefined, exception: Math.random() < 0.1 ? 'System.TimeoutException: the deadline passed\n   at Granary.Samples.OrderGrain.Place()' : undefined }));
    return { entries, missed: 0 };
  }
}
