// The cluster at a glance: how much, how fast, how well, where, and what happened.

import { append, h, reconcile, section, setAttribute, setClass, setText } from '../dom';
import { ago, bytes, count, duration, exactly, percent, rate, time, unknown } from '../format';
import { badge, meter, setBadge, type Tone } from '../cells';
import { chart } from '../chart';
import type { MakeView } from '../app';
import type { ClusterEvent, Gateway, Overview, Silo } from '../types';

export const overviewView: MakeView = app => {
  const tiles = [
    tile('Calls', o => rate(o.totals.callsPerSecond), o => `${count(o.totals.inFlight)} in flight`),
    tile('Errors', o => rate(o.totals.errorsPerSecond), o => errorShare(o)),
    tile('Median', o => duration(o.totals.p50), () => 'half of the calls are faster'),
    tile('99th percentile', o => duration(o.totals.p99), o => `95th ${duration(o.totals.p95)}`),
    tile('Activations', o => count(o.totals.activations), o => `on ${o.silos.filter(s => s.status === 'Active').length} active silos`),
    tile('Health', o => health(o).word, o => health(o).detail),
  ];
  const rates = chart('Calls and errors', [
    { label: 'calls', variable: '--c1', format: rate, fill: true },
    { label: 'errors', variable: '--bad', format: rate, dash: [5, 3] },
  ]);
  const latency = chart('Latency', [
    { label: 'p50', variable: '--c1', format: duration },
    { label: 'p99', variable: '--c3', format: duration, dash: [6, 3] },
  ], { logarithmic: true });
  const grains = chart('Activations', [{ label: 'grains in memory', variable: '--c2', format: count, fill: true }]);
  const silos = h('ul', { class: 'cards' });
  const gateways = h('ul', { class: 'cards' });
  const events = h('ol', { class: 'events', tabindex: 0, 'aria-label': 'Events, newest first' });
  const noEvents = h('p', { class: 'empty' }, 'Nothing has happened yet.');
  const siloSection = section('Silos', silos);
  const gatewaySection = section('Gateways', gateways);
  const element = h('div', {},
    h('h1', { tabindex: -1 }, 'Overview'),
    h('div', { class: 'tiles' }, ...tiles.map(t => t.element)),
    h('div', { class: 'charts' }, rates.element, latency.element, grains.element),
    siloSection,
    gatewaySection,
    section('Events', noEvents, events));
  let drawn = 0;

  return {
    title: 'Overview',
    element,
    feed: 'view=overview',
    topics: [],
    render() {
      const overview = app.store.get('overview');
      const { series } = app.store;
      if (series.at.length > 0 && series.at.at(-1) !== drawn) {
        drawn = series.at.at(-1)!;
        const c = series.columns;
        rates.draw(series.at, [c.callsPerSecond, c.errorsPerSecond], app.store.events);
        latency.draw(series.at, [c.p50, c.p99], app.store.events);
        grains.draw(series.at, [c.activations], app.store.events);
      }
      if (!overview) return;
      for (const t of tiles) t.show(overview);
      reconcile(silos, byName(overview.silos), siloCard, (card, silo) => showSilo(card, silo, overview.at));
      reconcile(gateways, byName(overview.gateways), gatewayCard, (card, gateway) => showGateway(card, gateway, overview.at));
      setText(siloSection.firstElementChild!, `Silos (${overview.silos.length})`);
      setText(gatewaySection.firstElementChild!, `Gateways (${overview.gateways.length})`);
      noEvents.hidden = app.store.events.length > 0;
      reconcile(events, app.store.events.slice(0, 60), eventItem, (item, event) => showEvent(item, event, overview.at));
    },
    dispose() {
      for (const c of [rates, latency, grains]) c.dispose();
    },
  };
};

function tile(title: string, value: (o: Overview) => string, detail: (o: Overview) => string): { element: HTMLElement; show(o: Overview): void } {
  const number = h('span', { class: 'number' }, unknown);
  const note = h('span', { class: 'detail' });
  const element = h('div', { class: 'tile' }, h('span', { class: 'name' }, title), number, note);
  return {
    element,
    show(o) {
      setText(number, value(o));
      setText(note, detail(o));
      if (title === 'Health') setClass(element, `tile ${health(o).tone}`);
      if (title === 'Errors') setClass(element, `tile ${(o.totals.errorsPerSecond ?? 0) > 0.05 * (o.totals.callsPerSecond ?? 0) && (o.totals.errorsPerSecond ?? 0) > 0 ? 'bad' : ''}`);
    },
  };
}

function errorShare(o: Overview): string {
  const { callsPerSecond: calls, errorsPerSecond: errors } = o.totals;
  return calls === undefined || errors === undefined ? '' : calls === 0 ? 'no calls' : `${percent((errors / calls) * 100)} of calls`;
}

function health(o: Overview): { word: string; tone: Tone; detail: string } {
  const sick = o.silos.filter(s => siloState(s).tone === 'bad');
  const uneasy = o.silos.filter(s => siloState(s).tone === 'warning');
  if (sick.length > 0) return { word: 'Degraded', tone: 'bad', detail: sick.map(s => `${s.name} ${siloState(s).word}`).join(', ') };
  if (uneasy.length > 0) return { word: 'Watch', tone: 'warning', detail: uneasy.map(s => `${s.name} ${siloState(s).word}`).join(', ') };
  return o.silos.some(s => s.status === 'Active') ? { word: 'Good', tone: 'good', detail: 'every silo answers' } : { word: 'No silo', tone: 'bad', detail: 'nothing serves calls' };
}

// The same place each second, and for two silos of one name the newer one behind.
const byName = <T extends { name: string; startedAt?: number }>(rows: T[]): T[] => [...rows].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }) || (a.startedAt ?? 0) - (b.startedAt ?? 0));

/** What to say of a silo, worst first. */
export function siloState(silo: Silo): { word: string; tone: Tone } {
  if (silo.status === 'Dead') return { word: 'dead', tone: 'bad' };
  if (silo.problem || silo.answers === false) return { word: 'does not answer', tone: 'bad' };
  if (silo.load?.overloaded) return { word: 'overloaded', tone: 'warning' };
  if (silo.status === 'Joining') return { word: 'joining', tone: 'info' };
  if (silo.status === 'Active') return { word: 'active', tone: 'good' };
  return { word: silo.status === 'ShuttingDown' ? 'shutting down' : silo.status.toLowerCase(), tone: 'warning' };
}

type Updater<T> = HTMLElement & { show?: (value: T, now: number) => void };

function card<T>(parts: { head: (value: T) => [string, string, Tone]; meters: [string, (value: T) => [number | null, string]][]; facts: [string, (value: T, now: number) => string][]; note: (value: T) => string }): Updater<T> {
  const name = h('h3');
  const state = badge('', 'plain');
  const meters = parts.meters.map(([label]) => meter(label));
  const values = parts.facts.map(() => h('dd'));
  const note = h('p', { class: 'note', hidden: true });
  const element: Updater<T> = h('li', { class: 'card' },
    h('div', { class: 'head' }, name, state),
    h('div', { class: 'meters' }, ...meters.map(m => m.element)),
    h('dl', {}, ...parts.facts.map(([label], i) => h('div', {}, h('dt', {}, label), values[i]))),
    note);
  element.show = (value, now) => {
    const [title, word, tone] = parts.head(value);
    setText(name, title);
    setAttribute(name, 'title', title);
    setBadge(state, word, tone);
    setClass(element, `card ${tone}`);
    parts.meters.forEach(([, read], i) => meters[i]!.set(...read(value)));
    parts.facts.forEach(([, read], i) => setText(values[i]!, read(value, now)));
    const said = parts.note(value);
    setText(note, said);
    note.hidden = said === '';
  };
  return element;
}

const share = (value: number | undefined): [number | null, string] => [value === undefined ? null : value / 100, percent(value)];

function siloCard(): HTMLElement {
  return card<Silo>({
    head: s => [s.name || s.address, siloState(s).word, siloState(s).tone],
    meters: [['CPU', s => share(s.load?.cpu)], ['Queue', s => [s.load?.queueDelayMs === undefined ? null : s.load.queueDelayMs / 200, duration(s.load?.queueDelayMs)]]],
    facts: [
      ['Calls', s => rate(s.callsPerSecond)],
      ['Errors', s => rate(s.errorsPerSecond)],
      ['p50', s => duration(s.p50)],
      ['p99', s => duration(s.p99)],
      ['Activations', s => count(s.load?.activations)],
      ['Memory', s => bytes(s.load?.memory)],
      ['Clients', s => exactly(s.load?.clients)],
      ['Up', (s, now) => (s.startedAt ? duration(Math.floor((now - s.startedAt) / 1000) * 1000) : unknown)],
      ['Release', s => s.release || unknown],
      ['Roles', s => s.roles?.join(', ') || 'any'],
    ],
    note: s => [s.problem, s.load?.suspects?.length ? `suspects ${s.load.suspects.join(', ')}` : '', s.address].filter(Boolean).join(' · '),
  });
}

function showSilo(element: Element, silo: Silo, now: number): void {
  (element as Updater<Silo>).show!(silo, now);
}

function gatewayCard(): HTMLElement {
  return card<Gateway>({
    head: g => [g.name, g.here ? 'this page' : 'connected', g.here ? 'info' : 'good'],
    meters: [['CPU', g => share(g.cpu)]],
    facts: [
      ['Calls', g => rate(g.callsPerSecond)],
      ['Errors', g => rate(g.errorsPerSecond)],
      ['p50', g => duration(g.p50)],
      ['p99', g => duration(g.p99)],
      ['In flight', g => exactly(g.inFlight)],
      ['Memory', g => bytes(g.memory)],
      ['Up', (g, now) => (g.startedAt ? duration(Math.floor((now - g.startedAt) / 1000) * 1000) : unknown)],
      ['Release', g => g.release || unknown],
    ],
    note: g => g.address ?? '',
  });
}

function showGateway(element: Element, gateway: Gateway, now: number): void {
  (element as Updater<Gateway>).show!(gateway, now);
}

const glyphs: Record<string, Tone> = { good: 'good', info: 'info', warning: 'warning', bad: 'bad' };

function eventItem(): HTMLElement {
  const item = h('li', {}, badge('', 'plain'));
  append(item, [h('span', { class: 'text' }), h('time')]);
  return item;
}

function showEvent(item: Element, event: ClusterEvent, now: number): void {
  const [mark, text, at] = [...item.children] as [HTMLElement, HTMLElement, HTMLElement];
  setBadge(mark, event.kind.replaceAll('-', ' '), glyphs[event.severity] ?? 'plain');
  setText(text, event.text);
  setText(at, `${time(event.at)} · ${ago(event.at, now)}`);
  setAttribute(at, 'datetime', new Date(event.at).toISOString());
}

