// One grain: where it is, what it does, what it was asked lately, what it stores.

import { facts, h, section, setText, svg } from '../dom';
import { ago, bytes, duration, exactly, fineTime, time, unknown } from '../format';
import { DataTable } from '../table';
import { badge, codeCell, setBadge } from '../cells';
import { ask, explain } from '../api';
import { href } from '../router';
import { siloName, traceCell } from './services';
import type { MakeView } from '../app';
import type { GrainCall } from '../types';

export const grainView: MakeView = (app, route) => {
  const id = route.rest.join('/');
  const [type = '', ...rest] = id.split('/');
  const key = rest.join('/');
  const state = badge('reading', 'plain');
  const names = ['Silo', 'Address', 'Active since', 'Last used', 'Waiting', 'Running'] as const;
  const values = names.map(() => h('span', {}, unknown));
  const said = h('p', { role: 'status', class: 'hint' });
  const deactivate = h('button', { type: 'button', click: () => void (async () => {
    if (!confirm(`Deactivate ${id}? Its next call activates it again, from its stored state.`)) return;
    try {
      await ask('DELETE', `/admin/grains/${encodeURIComponent(type)}/${key.split('/').map(encodeURIComponent).join('/')}`);
      setText(said, 'Asked to deactivate when it has finished what it runs.');
    } catch (error) {
      setText(said, explain(error));
    }
  })() }, 'Deactivate');
  const drawing = h('div', { class: 'timeline' });
  const calls = new DataTable<GrainCall>({
    caption: 'Last calls',
    key: c => `${c.at} ${c.traceId ?? ''} ${c.method}`,
    sort: { by: 'at', descending: true },
    empty: 'No call since somebody looks. Calls are kept from the first look at a grain.',
    columns: [
      { id: 'at', title: 'When', heading: true, value: c => c.at, text: c => fineTime(c.at) },
      { id: 'method', title: 'Method', value: c => c.method, text: c => c.method },
      { id: 'ms', title: 'Took', numeric: true, value: c => c.ms, text: c => duration(c.ms) },
      { id: 'queued', title: 'Queued', numeric: true, value: c => c.queuedMs, text: c => duration(c.queuedMs) },
      { id: 'code', title: 'Code', value: c => c.code, fill: (cell, c) => codeCell(cell, c.code) },
      { id: 'caller', title: 'Caller', value: c => c.caller, text: c => c.caller || unknown },
      { id: 'trace', title: 'Trace', fill: (cell, c) => traceCell(cell, c.traceId, app) },
    ],
  });
  const states = new DataTable<{ name: string; storage?: string; bytes?: number; etag?: string }>({
    caption: 'Stored state',
    key: s => s.name,
    empty: 'It keeps no state, or is not in memory.',
    columns: [
      { id: 'name', title: 'State', heading: true, text: s => s.name },
      { id: 'storage', title: 'Storage', text: s => s.storage || unknown },
      { id: 'bytes', title: 'Size', numeric: true, text: s => bytes(s.bytes) },
      { id: 'etag', title: 'ETag', style: 'mono', text: s => s.etag || unknown },
    ],
  });

  return {
    title: id,
    feed: `view=grain&grain=${encodeURIComponent(id)}`,
    topics: ['grain'],
    element: h('div', {},
      h('p', { class: 'crumbs' }, h('a', { href: '#/grains' }, 'Grains')),
      h('h1', { tabindex: -1, class: 'mono' }, id),
      h('div', { class: 'bar' }, state, h('a', { class: 'button', href: href('console', [], { service: type, key }) }, 'Call it'), h('a', { class: 'button', href: href('logs', [], { text: id }) }, 'Its log lines'), deactivate, said),
      h('section', { class: 'panel', 'aria-label': 'Now' }, facts(names.map((name, i) => [name, values[i]]))),
      section('Last calls', drawing, calls.element),
      section('Stored state', states.element)),
    render() {
      const grain = app.store.get('grain');
      if (!grain || grain.grain !== id) return;
      const now = app.store.get('overview')?.at ?? Date.now();
      setBadge(state, grain.found ? 'in memory' : 'not in memory', grain.found ? 'good' : 'plain');
      const texts = [
        siloName(app, grain.silo),
        grain.silo ?? unknown,
        grain.since ? `${time(grain.since)}, ${ago(grain.since, now)}` : unknown,
        grain.lastUsed ? `${time(grain.lastUsed)}, ${ago(grain.lastUsed, now)}` : unknown,
        exactly(grain.waiting),
        exactly(grain.running),
      ];
      texts.forEach((text, i) => setText(values[i]!, text));
      deactivate.disabled = !grain.found;
      calls.set(grain.calls ?? []);
      drawing.replaceChildren(...timeline(grain.calls ?? []));
      states.set(grain.states ?? []);
    },
  };
};

const width = 1000;
const tall = 90;

/** Each call as a bar where it began: as wide as it took, and as high by the logarithm. The table below has the same in words. */
function timeline(calls: GrainCall[]): Element[] {
  if (calls.length < 2) return [];
  const from = Math.min(...calls.map(c => c.at));
  const to = Math.max(...calls.map(c => c.at + c.ms), from + 1);
  const x = (at: number): number => ((at - from) / (to - from)) * (width - 8) + 2;
  const most = Math.max(...calls.map(c => Math.log10(1 + c.ms)), 0.5);
  const bars = calls.map(call => {
    const high = 6 + (Math.log10(1 + call.ms) / most) * (tall - 24);
    const failed = call.code && call.code !== 'OK';
    return svg('rect', { x: x(call.at), y: tall - 14 - high, width: Math.max(3, x(call.at + call.ms) - x(call.at)), height: high, rx: 1.5, class: failed ? 'failed' : 'done' },
      svg('title', {}, `${call.method} ${duration(call.ms)} ${call.code ?? ''}`));
  });
  return [svg('svg', { viewBox: `0 0 ${width} ${tall}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('line', { x1: 0, x2: width, y1: tall - 14, y2: tall - 14 }), ...bars), h('p', { class: 'hint ends', 'aria-hidden': 'true' }, h('span', {}, time(from)), h('span', {}, time(to)))];
}
