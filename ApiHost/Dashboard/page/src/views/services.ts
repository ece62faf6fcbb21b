// Every method: how often, how fast, how well. And the slowest calls of now.

import { h, section, setAttribute, setText } from '../dom';
import { count, duration, exactly, plural, rate, time, unknown } from '../format';
import { DataTable } from '../table';
import { badgeCell, canvasCell, codeCell, copyButton, link } from '../cells';
import { sparkline } from '../chart';
import { onTheme } from '../theme';
import { grainHref, href, replaceQuery, traceHref } from '../router';
import { keeps } from '../objective';
import { methodId } from '../store';
import type { App, MakeView } from '../app';
import type { Method, Service, SlowCall } from '../types';

interface Row {
  id: string;
  service: Service;
  method: Method;
}

export const servicesView: MakeView = (app, route) => {
  const search = h('input', { type: 'search', placeholder: 'service, method or owner', 'aria-label': 'Find a method', value: route.query.get('find') ?? '', input: () => {
    remember();
    view.render();
  } });
  const summary = h('span', { class: 'hint', role: 'status' });
  let sort = { by: route.query.get('sort') ?? 'calls', descending: route.query.get('order') !== 'up' };
  const remember = (): void => replaceQuery('services', [], { find: search.value, sort: sort.by === 'calls' ? null : sort.by, order: sort.descending ? null : 'up' });

  const table = new DataTable<Row>({
    caption: 'Methods',
    key: r => r.id,
    sort,
    empty: 'No method fits.',
    sorted: (by, descending) => {
      sort = { by, descending };
      remember();
    },
    columns: [
      { id: 'method', title: 'Method', heading: true, value: r => r.id, fill: (cell, r) => link(cell, r.id, href('console', [], { method: r.method.name, service: r.service.name, version: r.service.version ? String(r.service.version) : null })) },
      { id: 'trend', title: 'Trend', fill: (cell, r) => sparkline(canvasCell(cell), app.store.sparks.of(r.id)) },
      { id: 'calls', title: 'Calls', numeric: true, value: r => r.method.callsPerSecond, text: r => rate(r.method.callsPerSecond) },
      { id: 'errors', title: 'Errors', numeric: true, value: r => r.method.errorsPerSecond, text: r => rate(r.method.errorsPerSecond) },
      { id: 'codes', title: 'By code', style: 'codes', text: r => codes(r.method) },
      { id: 'flight', title: 'In flight', numeric: true, value: r => r.method.inFlight, text: r => exactly(r.method.inFlight) },
      { id: 'p50', title: 'p50', numeric: true, value: r => r.method.p50, text: r => duration(r.method.p50) },
      { id: 'p95', title: 'p95', numeric: true, value: r => r.method.p95, text: r => duration(r.method.p95) },
      { id: 'p99', title: 'p99', numeric: true, value: r => r.method.p99, text: r => duration(r.method.p99) },
      { id: 'max', title: 'Max', numeric: true, value: r => r.method.max, text: r => duration(r.method.max) },
      { id: 'objective', title: 'Objective', fill: (cell, r) => objective(cell, r) },
      { id: 'owner', title: 'Owner', value: r => r.service.owner, text: r => r.service.owner || unknown },
      { id: 'kind', title: 'Kind', value: r => r.method.kind, text: r => kinds[r.method.kind ?? ''] ?? r.method.kind ?? unknown },
    ],
    mark: r => ((r.method.errorsPerSecond ?? 0) > 0.05 * (r.method.callsPerSecond ?? 0) && (r.method.errorsPerSecond ?? 0) > 0 ? 'marked' : ''),
  });
  const slow = slowTable(app);
  const stopTheme = onTheme(() => table.paint());

  const view = {
    title: 'Services',
    feed: 'view=services',
    topics: ['services' as const],
    element: h('div', {},
      h('h1', { tabindex: -1 }, 'Services'),
      h('section', { class: 'panel', 'aria-label': 'Methods' }, h('div', { class: 'bar' }, search, summary), table.element),
      section('Slowest calls', slow.element)),
    render() {
      const data = app.store.get('services');
      if (!data) {
        setText(summary, 'Reading …');
        return;
      }
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows: Row[] = [];
      let all = 0;
      for (const service of data.services) {
        for (const method of service.methods) {
          all++;
          const id = methodId(service, method);
          const text = `${id} ${service.interface ?? ''} ${service.owner ?? ''}`.toLowerCase();
          if (words.every(w => text.includes(w))) rows.push({ id, service, method });
        }
      }
      setText(summary, rows.length === all ? `${plural(all, 'method')} of ${plural(data.services.length, 'service')}` : `${count(rows.length)} of ${plural(all, 'method')}`);
      table.set(rows);
      slow.set(data.slowest ?? []);
    },
    dispose: () => void stopTheme(),
  };
  return view;
};

const kinds: Record<string, string> = { Unary: 'unary', ServerStream: 'server stream', ClientStream: 'client stream', Bidirectional: 'bidirectional' };

const codes = (method: Method): string => Object.entries(method.errors ?? {}).filter(([, r]) => r > 0).sort((a, b) => b[1] - a[1]).map(([code, r]) => `${code} ${rate(r)}`).join(', ');

/** Whether the method keeps what its service promises. */
function objective(cell: Element, { service, method }: Row): void {
  const promised = service.objective;
  if (!promised || (promised.latencyMs === undefined && promised.availability === undefined)) {
    setText(cell, unknown);
    setAttribute(cell, 'title', null);
    return;
  }
  const availability = promised.availability === undefined ? undefined : Number((promised.availability * 100).toPrecision(8));
  const text = [promised.latencyMs === undefined ? '' : `${duration(promised.latencyMs)}`, availability === undefined ? '' : `${availability}%`].filter(Boolean).join(', ');
  setAttribute(cell, 'title', [promised.latencyMs === undefined ? '' : `99 of 100 calls within ${duration(promised.latencyMs)}`, availability === undefined ? '' : `${availability}% of calls do not fail for a reason of the service's own`].filter(Boolean).join('; '));
  const kept = keeps(method, promised);
  if (kept === undefined) badgeCell(cell, text, 'plain');
  else badgeCell(cell, `${kept ? 'kept' : 'missed'}: ${text}`, kept ? 'good' : 'warning');
}

/** The slowest calls, with what leads on from there: the trace's id and its log lines. */
export function slowTable(app: App): DataTable<SlowCall> {
  return new DataTable<SlowCall>({
    caption: 'Slowest calls',
    key: c => `${c.at} ${c.traceId ?? ''} ${c.method} ${c.grain ?? ''}`,
    sort: { by: 'ms', descending: true },
    empty: 'No slow calls at the moment.',
    columns: [
      { id: 'method', title: 'Method', heading: true, value: c => c.method, text: c => c.method },
      { id: 'ms', title: 'Took', numeric: true, value: c => c.ms, text: c => duration(c.ms) },
      { id: 'at', title: 'When', numeric: true, value: c => c.at, text: c => time(c.at) },
      { id: 'code', title: 'Code', value: c => c.code, fill: (cell, c) => codeCell(cell, c.code) },
      { id: 'grain', title: 'Grain', value: c => c.grain, style: 'long', fill: (cell, c) => link(cell, c.grain, c.grain ? grainHref(c.grain) : null) },
      { id: 'silo', title: 'Silo', value: c => siloName(app, c.silo), text: c => siloName(app, c.silo) },
      { id: 'caller', title: 'Caller', value: c => c.caller, text: c => c.caller || unknown },
      { id: 'trace', title: 'Trace', fill: (cell, c) => traceCell(cell, c.traceId, app) },
    ],
  });
}

/** What people call the silo of an address. */
export const siloName = (app: App, address: string | undefined): string => app.store.get('overview')?.silos.find(s => s.address === address)?.name || address || unknown;

/** A trace's id: the link leads to its log lines, the button copies it. */
export function traceCell(cell: HTMLElement, traceId: string | undefined, app: App): void {
  if (!traceId) {
    setText(cell, unknown);
    return;
  }
  if (cell.dataset.trace === traceId && cell.firstElementChild) return;
  cell.dataset.trace = traceId;
  cell.replaceChildren(h('a', { href: traceHref(traceId), title: `Log lines of the trace ${traceId}`, class: 'mono' }, `${traceId.slice(0, 8)}…`), copyButton('trace id', () => traceId, app.announce));
}
