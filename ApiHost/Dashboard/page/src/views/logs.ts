// The newest log lines of every process, as they are written, and how much each category writes.

import { field, h, section, setText } from '../dom';
import { duration, fineTime, plural, time, unknown } from '../format';
import { DataTable } from '../table';
import { ask, explain } from '../api';
import { replaceQuery, traceHref } from '../router';
import type { MakeView } from '../app';
import type { LogEntry, LogOverride, Logs } from '../types';

const levels = ['Trace', 'Debug', 'Information', 'Warning', 'Error', 'Critical'] as const;
const most = 2_000;
const drawn = 400;
const glyphs: Record<string, string> = { Trace: '·', Debug: '·', Information: '•', Warning: '▲', Error: '✕', Critical: '✖' };

export const logsView: MakeView = (app, route) => {
  const level = h('select', { change: () => filter() }, ...levels.map(l => h('option', { value: l }, l)));
  const text = h('input', { type: 'search', placeholder: 'text, category or trace id', value: route.query.get('text') ?? '', input: () => later() });
  const process = h('select', { change: () => filter() }, h('option', { value: '' }, 'all'));
  level.value = route.query.get('level') ?? 'Information';
  const wantedProcess = route.query.get('process') ?? '';
  if (wantedProcess) process.append(h('option', { value: wantedProcess, selected: true }, wantedProcess));
  const pause = h('button', { type: 'button', 'aria-pressed': 'false', click: () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    setText(pause, paused ? 'Go on' : 'Pause');
    view.render();
  } }, 'Pause');
  const clear = h('button', { type: 'button', click: () => {
    forget();
    missed = 0;
    view.render();
  } }, 'Clear');
  const summary = h('span', { class: 'hint' });
  const list = h('ol', { class: 'log', tabindex: 0, 'aria-label': 'Log lines, newest first' });
  let paused = false;
  let missed = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const entries: LogEntry[] = [];
  const known = new Set<string>();
  let fresh: LogEntry[] = [];

  const query = (): string => new URLSearchParams({ view: 'logs', level: level.value, ...(text.value.trim() ? { text: text.value.trim() } : {}), ...(process.value ? { process: process.value } : {}) }).toString();
  const forget = (): void => {
    entries.length = 0;
    known.clear();
    fresh = [];
    list.replaceChildren();
  };
  const filter = (): void => {
    forget();
    replaceQuery('logs', [], { level: level.value === 'Information' ? null : level.value, text: text.value.trim(), process: process.value });
    app.watch(query());
  };
  const fits = (entry: LogEntry): boolean => {
    const wanted = text.value.trim().toLowerCase();
    return levels.indexOf(entry.level as (typeof levels)[number]) >= levels.indexOf(level.value as (typeof levels)[number])
      && (!process.value || entry.process === process.value)
      && (!wanted || [entry.text, entry.category, entry.traceId, entry.exception].some(part => part?.toLowerCase().includes(wanted)));
  };
  // One connection for a word, not one for each letter of it.
  const later = (): void => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 400);
  };

  const control = levelControl(() => [...process.options].map(o => o.value).filter(Boolean));
  const view = {
    title: 'Logs',
    feed: query(),
    topics: ['logs' as const, 'log-levels' as const],
    element: h('div', {},
      h('h1', { tabindex: -1 }, 'Logs'),
      h('section', { class: 'panel', 'aria-label': 'Log lines' },
        h('div', { class: 'filters' }, field('Level and worse', level), field('Contains', text), field('Process', process), h('div', { class: 'buttons' }, pause, clear)),
        summary,
        list),
      control.element),
    receive(topic: string, data: unknown) {
      if (topic !== 'logs') return;
      const logs = data as Logs;
      missed += logs.missed ?? 0;
      // A connection that was cut and came back tells the last lines again.
      for (const entry of logs.entries) {
        const id = `${entry.process} ${entry.sequence}`;
        if (known.has(id) || !fits(entry)) continue;
        known.add(id);
        fresh.push(entry);
      }
      if (fresh.length > most) fresh.splice(0, fresh.length - most);
      if (known.size > 4 * most) for (const id of [...known].slice(0, 2 * most)) known.delete(id);
    },
    render() {
      const overview = app.store.get('overview');
      if (overview) offer(process, [...overview.silos.filter(s => s.status !== 'Dead').map(s => s.name), ...overview.gateways.map(g => g.name)]);
      control.show(app.store.get('log-levels')?.overrides ?? [], overview?.at ?? Date.now());
      const holds = paused ? `Paused; ${plural(fresh.length, 'line')} waiting. ` : '';
      if (!paused && fresh.length > 0) {
        fresh.sort((a, b) => a.at - b.at || a.sequence - b.sequence);
        entries.push(...fresh);
        if (entries.length > most) entries.splice(0, entries.length - most);
        // Who reads further down keeps the place.
        const before = list.scrollHeight;
        list.prepend(...fresh.slice(-drawn).reverse().map(line));
        while (list.childElementCount > drawn) list.lastElementChild!.remove();
        if (list.scrollTop > 4) list.scrollTop += list.scrollHeight - before;
        fresh = [];
      }
      setText(summary, `${holds}${entries.length === 0 ? 'No line yet fits.' : plural(Math.min(entries.length, drawn), 'line')}${missed > 0 ? `; ${plural(missed, 'line')} came too fast and were left out` : ''}`);
    },
    dispose: () => clearTimeout(waiting),
  };
  return view;
};

function offer(select: HTMLSelectElement, names: string[]): void {
  const wanted = [...new Set(names)].sort();
  const have = [...select.options].map(o => o.value);
  for (const name of wanted) if (!have.includes(name)) select.append(h('option', { value: name }, name));
  for (const option of [...select.options]) if (option.value && !wanted.includes(option.value) && !option.selected) option.remove();
}

function line(entry: LogEntry): HTMLElement {
  return h('li', { class: entry.level.toLowerCase() },
    h('time', { datetime: new Date(entry.at).toISOString() }, fineTime(entry.at)),
    h('span', { class: 'level' }, h('i', { 'aria-hidden': 'true' }, glyphs[entry.level] ?? '•'), entry.level),
    h('span', { class: 'process' }, entry.process),
    h('span', { class: 'category', title: entry.category }, entry.category),
    h('span', { class: 'text' }, entry.text, entry.exception ? h('details', {}, h('summary', {}, 'Exception'), h('pre', { tabindex: 0 }, entry.exception)) : null),
    entry.traceId ? h('a', { class: 'mono', href: traceHref(entry.traceId), title: `Lines of the trace ${entry.traceId}` }, entry.traceId.slice(0, 8)) : null);
}

/** Sets how much a category writes, for a while. */
function levelControl(processes: () => string[]): { element: HTMLElement; show(overrides: LogOverride[], now: number): void } {
  const category = h('input', { type: 'text', required: true, placeholder: 'Granary.Gateway', value: 'Granary', spellcheck: 'false' });
  const level = h('select', {}, ...levels.map(l => h('option', { value: l }, l)));
  level.value = 'Debug';
  const minutes = h('input', { type: 'number', min: 1, max: 1440, value: 10, required: true });
  const process = h('select', {}, h('option', { value: '' }, 'all'));
  const said = h('p', { role: 'status', class: 'hint' });
  const change = async (method: string, path: string, body?: unknown, done?: string): Promise<void> => {
    try {
      await ask(method, path, body);
      setText(said, done ?? '');
    } catch (error) {
      setText(said, explain(error));
    }
  };
  const form = h('form', { class: 'filters', submit: (event: Event) => {
    event.preventDefault();
    void change('POST', '/admin/log-levels', { ...(process.value ? { process: process.value } : {}), category: category.value.trim(), level: level.value, minutes: Number(minutes.value) },
      `${category.value.trim()} writes ${level.value} and worse for ${plural(Number(minutes.value), 'minute')}.`);
  } },
    field('Category', category), field('Level', level), field('Minutes', minutes), field('Process', process),
    h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Set')));
  let now = 0;
  const table = new DataTable<LogOverride>({
    caption: 'Levels that were changed',
    key: o => `${o.process ?? ''} ${o.category}`,
    sort: { by: 'category' },
    empty: 'Every category writes what the configuration says.',
    columns: [
      { id: 'category', title: 'Category', heading: true, value: o => o.category, text: o => o.category },
      { id: 'level', title: 'Level', value: o => o.level, text: o => o.level },
      { id: 'process', title: 'Process', value: o => o.process, text: o => o.process || 'all' },
      { id: 'until', title: 'Until', numeric: true, value: o => o.until, text: o => (o.until ? `${time(o.until)} (${duration(Math.max(0, Math.floor((o.until - now) / 1000) * 1000))})` : unknown) },
      { id: 'by', title: 'By', value: o => o.by, text: o => o.by || unknown },
      { id: 'remove', title: 'Remove', fill: (cell, o) => {
        const id = `${o.process ?? ''} ${o.category}`;
        if (cell.dataset.override === id) return;
        cell.dataset.override = id;
        cell.replaceChildren(h('button', { type: 'button', class: 'small', 'aria-label': `Remove the level of ${o.category}`, click: () => void change('DELETE', `/admin/log-levels?${new URLSearchParams({ category: o.category, ...(o.process ? { process: o.process } : {}) })}`, undefined, `${o.category} writes what the configuration says.`) }, 'Remove'));
      } },
    ],
  });
  return {
    element: section('Levels', form, said, table.element),
    show(overrides, at) {
      now = at;
      offer(process, processes());
      table.set(overrides);
    },
  };
}
