// The newest log lines of every process, as they are written, and how much each category writes.

import { field, h, section, setText } from '../dom';
import { duration, fineTime, plural, time, unknown } from '../format';
import { DataTable } from '../table';
import { ask, explain } from '../api';
import { replaceQuery, traceHref } from '../router';
import { siloName } from './services';
import type { App, MakeView } from '../app';
import type { LogEntry, LogOverride, Logs, Overview } from '../types';

const levels = ['trace', 'debug', 'information', 'warning', 'error', 'critical'];
const most = 2_000;
const drawn = 400;
const glyphs: Record<string, string> = { trace: '·', debug: '·', information: '•', warning: '▲', error: '✕', critical: '✖' };

export const logsView: MakeView = (app, route) => {
  const level = h('select', { change: () => filter() }, ...levels.map(l => h('option', { value: l }, l)));
  const text = h('input', { type: 'search', placeholder: 'text, category or trace id', value: route.query.get('text') ?? '', input: () => later() });
  const process = h('select', { change: () => filter() }, h('option', { value: '' }, 'all'));
  level.value = route.query.get('level') ?? 'information';
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
    replaceQuery('logs', [], { level: level.value === 'information' ? null : level.value, text: text.value.trim(), process: process.value });
    app.watch(query());
  };
  const fits = (entry: LogEntry): boolean => {
    const wanted = text.value.trim().toLowerCase();
    return levels.indexOf(entry.level.toLowerCase()) >= levels.indexOf(level.value)
      && (!process.value || entry.process === process.value)
      && (!wanted || [entry.text, entry.category, entry.traceId, entry.exception].some(part => part?.toLowerCase().includes(wanted)));
  };
  // One connection for a word, not one for each letter of it.
  const later = (): void => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 400);
  };

  const control = levelControl(app);
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
      if (overview) offer(process, processesOf(overview));
      control.show(app.store.get('log-levels')?.overrides ?? [], overview?.at ?? Date.now());
      const holds = paused ? `Paused; ${plural(fresh.length, 'line')} waiting. ` : '';
      if (!paused && fresh.length > 0) {
        fresh.sort((a, b) => a.at - b.at || a.sequence - b.sequence);
        entries.push(...fresh);
        if (entries.length > most) entries.splice(0, entries.length - most);
        // Who reads further down keeps the place.
        const before = list.scrollHeight;
        list.prepend(...fresh.slice(-drawn).reverse().map(entry => line(entry, siloName(app, entry.process))));
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

/** Silos by their addresses, gateways by their names; the label is what people call them. */
const processesOf = (overview: Overview): [string, string][] => [...overview.silos.filter(s => s.status !== 'Dead').map(s => [s.address, s.name] as [string, string]), ...overview.gateways.map(g => [g.name, g.name] as [string, string])];

function offer(select: HTMLSelectElement, processes: [string, string][]): void {
  for (const [id, name] of processes) {
    const option = [...select.options].find(o => o.value === id);
    if (!option) select.append(h('option', { value: id }, name));
    else setText(option, name);
  }
  for (const option of [...select.options]) if (option.value && !option.selected && !processes.some(([id]) => id === option.value)) option.remove();
}

function line(entry: LogEntry, process: string): HTMLElement {
  const level = entry.level.toLowerCase();
  return h('li', { class: level },
    h('time', { datetime: new Date(entry.at).toISOString() }, fineTime(entry.at)),
    h('span', { class: 'level' }, h('i', { 'aria-hidden': 'true' }, glyphs[level] ?? '•'), level),
    h('span', { class: 'process', title: entry.process }, process),
    h('span', { class: 'category', title: entry.category }, entry.category),
    h('span', { class: 'text' }, entry.text, entry.exception ? h('details', {}, h('summary', {}, 'Exception'), h('pre', { tabindex: 0 }, entry.exception)) : null),
    entry.traceId ? h('a', { class: 'mono', href: traceHref(entry.traceId), title: `Lines of the trace ${entry.traceId}` }, entry.traceId.slice(0, 8)) : null);
}

/** A level of a category, in however many processes it was set. */
interface Change {
  category: string;
  level: string;
  processes: string[];
  until?: number;
  by?: string;
}

function changesOf(overrides: LogOverride[]): Change[] {
  const changes = new Map<string, Change>();
  for (const { category, level, process, until, by } of overrides) {
    const known = changes.get(`${category} ${level}`);
    if (!known) changes.set(`${category} ${level}`, { category, level, processes: [process ?? ''], until, by });
    else {
      known.processes.push(process ?? '');
      known.until = Math.max(known.until ?? 0, until ?? 0) || undefined;
    }
  }
  return [...changes.values()];
}

/** Sets how much a category writes, for a while. */
function levelControl(app: App): { element: HTMLElement; show(overrides: LogOverride[], now: number): void } {
  const category = h('input', { type: 'text', required: true, placeholder: 'Granary.Gateway', value: 'Granary', spellcheck: 'false' });
  const level = h('select', {}, ...levels.map(l => h('option', { value: l }, l)));
  level.value = 'debug';
  const minutes = h('input', { type: 'number', min: 1, max: 1440, value: 10, required: true });
  const process = h('select', {}, h('option', { value: '' }, 'all'));
  const said = h('p', { role: 'status', class: 'hint' });
  const change = async (method: string, path: string, body?: unknown, done?: string): Promise<void> => {
    try {
      const outcome = await ask<{ missed?: string[] } | undefined>(method, path, body);
      setText(said, `${done ?? ''}${outcome?.missed?.length ? ` Not reached: ${outcome.missed.map(m => siloName(app, m)).join(', ')}.` : ''}`);
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
  const table = new DataTable<Change>({
    caption: 'Levels that were changed',
    key: c => `${c.category} ${c.level}`,
    sort: { by: 'category' },
    empty: 'Every category writes what the configuration says.',
    columns: [
      { id: 'category', title: 'Category', heading: true, value: c => c.category, text: c => c.category },
      { id: 'level', title: 'Level', value: c => c.level, text: c => c.level },
      { id: 'processes', title: 'Processes', value: c => c.processes.length, text: c => c.processes.map(p => (p ? siloName(app, p) : 'all')).join(', ') },
      { id: 'until', title: 'Until', numeric: true, value: c => c.until, text: c => (c.until ? `${time(c.until)} (${duration(Math.max(0, Math.floor((c.until - now) / 1000) * 1000))})` : unknown) },
      { id: 'by', title: 'By', value: c => c.by, text: c => c.by || unknown },
      { id: 'remove', title: 'Remove', fill: (cell, c) => {
        const only = c.processes.length === 1 ? c.processes[0] : undefined;
        const id = `${c.category} ${only ?? ''}`;
        if (cell.dataset.change === id) return;
        cell.dataset.change = id;
        cell.replaceChildren(h('button', { type: 'button', class: 'small', 'aria-label': `Remove the level of ${c.category}`, click: () => void change('DELETE', `/admin/log-levels?${new URLSearchParams({ category: c.category, ...(only ? { process: only } : {}) })}`, undefined, `${c.category} writes what the configuration says.`) }, 'Remove'));
      } },
    ],
  });
  return {
    element: section('Levels', form, said, table.element),
    show(overrides, at) {
      now = at;
      const overview = app.store.get('overview');
      if (overview) offer(process, processesOf(overview));
      table.set(changesOf(overrides));
    },
  };
}
