// What is in memory and where; which grains are busy, and which are behind.

import { h, reconcile, section, setAttribute, setText } from '../dom';
import { count, duration, exactly, plural, rate, unknown } from '../format';
import { DataTable } from '../table';
import { link } from '../cells';
import { grainHref } from '../router';
import type { MakeView } from '../app';
import type { Grains, GrainType, Silo } from '../types';

export const grainsView: MakeView = app => {
  const input = h('input', { type: 'search', id: 'find-grain', placeholder: 'type/key, for example calculator/a', 'aria-label': 'Grain as type/key', pattern: '[^\\/]+\\/.+', required: true });
  const find = h('form', { class: 'bar', role: 'search', submit: (event: Event) => {
    event.preventDefault();
    location.hash = grainHref(input.value.trim());
  } }, input, h('button', { type: 'submit' }, 'Find grain'));
  const legend = h('ul', { class: 'silo-legend', 'aria-label': 'Silos' });
  const summary = h('span', { class: 'hint', role: 'status' });
  let tags = new Map<string, SiloTag>();
  let most = 1;

  const types = new DataTable<GrainType>({
    caption: 'Grain types',
    key: t => t.type,
    sort: { by: 'total', descending: true },
    empty: 'No grain is in memory.',
    columns: [
      { id: 'type', title: 'Type', heading: true, value: t => t.type, fill: (cell, t) => { setText(cell, t.type); setAttribute(cell, 'title', t.class); } },
      { id: 'total', title: 'Activations', numeric: true, value: t => t.total, text: t => exactly(t.total) },
      { id: 'silos', title: 'By silo (length: logarithm of the total)', style: 'stack', fill: (cell, t) => stack(cell, t, tags, most) },
      { id: 'calls', title: 'Calls', numeric: true, value: t => t.callsPerSecond, text: t => rate(t.callsPerSecond) },
      { id: 'errors', title: 'Errors', numeric: true, value: t => t.errorsPerSecond, text: t => rate(t.errorsPerSecond) },
      { id: 'p99', title: 'p99', numeric: true, value: t => t.p99, text: t => duration(t.p99) },
      { id: 'service', title: 'Service', value: t => t.service, text: t => t.service || 'internal' },
    ],
  });
  const hot = new DataTable<NonNullable<Grains['hot']>[number]>({
    caption: 'Hot grains',
    key: g => g.grain,
    sort: { by: 'calls', descending: true },
    empty: 'No grain is called often.',
    columns: [
      { id: 'grain', title: 'Grain', heading: true, style: 'long', value: g => g.grain, fill: (cell, g) => link(cell, g.grain, grainHref(g.grain)) },
      { id: 'calls', title: 'Calls', numeric: true, value: g => g.callsPerSecond, text: g => rate(g.callsPerSecond) },
      { id: 'silo', title: 'Silo', value: g => g.silo, text: g => tagged(g.silo, tags) },
    ],
  });
  const mailboxes = new DataTable<NonNullable<Grains['mailboxes']>[number]>({
    caption: 'Longest mailboxes',
    key: g => g.grain,
    sort: { by: 'waiting', descending: true },
    empty: 'No grain has two or more calls waiting.',
    columns: [
      { id: 'grain', title: 'Grain', heading: true, style: 'long', value: g => g.grain, fill: (cell, g) => link(cell, g.grain, grainHref(g.grain)) },
      { id: 'waiting', title: 'Waiting', numeric: true, value: g => g.waiting, text: g => exactly(g.waiting) },
      { id: 'running', title: 'Running', numeric: true, value: g => g.running, text: g => exactly(g.running) },
      { id: 'silo', title: 'Silo', value: g => g.silo, text: g => tagged(g.silo, tags) },
    ],
  });

  return {
    title: 'Grains',
    feed: 'view=grains',
    topics: ['grains'],
    element: h('div', {},
      h('h1', { tabindex: -1 }, 'Grains'),
      find,
      h('section', { class: 'panel', 'aria-label': 'Grain types' }, h('div', { class: 'bar' }, legend, summary), types.element),
      h('div', { class: 'columns' }, section('Hot grains', hot.element), section('Longest mailboxes', mailboxes.element))),
    render() {
      const data = app.store.get('grains');
      if (!data) {
        setText(summary, 'Reading …');
        return;
      }
      tags = tagSilos(app.store.get('overview')?.silos ?? [], data);
      most = Math.max(1, ...data.types.map(t => t.total));
      setText(summary, `${plural(data.types.reduce((sum, t) => sum + t.total, 0), 'activation')} of ${plural(data.types.length, 'type')}`);
      reconcile(legend, [...tags.values()], () => h('li', {}, h('i', { 'aria-hidden': 'true' }), h('span')), (item, tag) => {
        setAttribute(item.firstElementChild!, 'class', `swatch s${tag.index % 8}`);
        setText(item.lastElementChild!, `${tag.letter} ${tag.name}`);
      });
      types.set(data.types);
      hot.set(data.hot ?? []);
      mailboxes.set(data.mailboxes ?? []);
    },
  };
};

interface SiloTag {
  index: number;
  letter: string;
  name: string;
}

/** A letter for each silo, the same in every table of the view. */
function tagSilos(silos: Silo[], data: Grains): Map<string, SiloTag> {
  const names = new Map(silos.filter(s => s.status !== 'Dead').map(s => [s.address, s.name]));
  for (const type of data.types) for (const address of Object.keys(type.silos)) if (!names.has(address)) names.set(address, address);
  const tags = new Map<string, SiloTag>();
  for (const [address, name] of [...names].sort((a, b) => (a[1] < b[1] ? -1 : 1))) tags.set(address, { index: tags.size, letter: letter(tags.size), name });
  return tags;
}

const letter = (index: number): string => (index < 26 ? String.fromCharCode(65 + index) : `${letter(Math.floor(index / 26) - 1)}${letter(index % 26)}`);

function tagged(silo: string | undefined, tags: Map<string, SiloTag>): string {
  const tag = silo === undefined ? undefined : tags.get(silo) ?? [...tags.values()].find(t => t.name === silo);
  return tag ? `${tag.letter} ${tag.name}` : silo || unknown;
}

/** A bar as long as the logarithm of the type's total, so that a type with twenty grains is seen beside one with a million; in parts for the silos. */
function stack(cell: Element, type: GrainType, tags: Map<string, SiloTag>, most: number): void {
  const parts = Object.entries(type.silos).filter(([, n]) => n > 0).map(([address, n]) => ({ tag: tags.get(address), n })).sort((a, b) => (a.tag?.index ?? 0) - (b.tag?.index ?? 0));
  const long = Math.log1p(type.total) / Math.log1p(most);
  const bar = cell.firstElementChild ?? cell.appendChild(h('div', { class: 'stacked', role: 'img' }));
  setAttribute(bar, 'aria-label', parts.map(p => `${p.tag?.name ?? '?'} ${p.n}`).join(', '));
  setAttribute(bar, 'title', parts.map(p => `${p.tag?.name ?? '?'}: ${exactly(p.n)}`).join('\n'));
  reconcile(bar, parts, () => h('span'), (part, { tag, n }) => {
    const size = (n / type.total) * long;
    const share = `${Math.max(0.4, size * 100)}%`;
    const element = part as HTMLElement;
    if (element.style.width !== share) element.style.width = share;
    setAttribute(part, 'class', `s${(tag?.index ?? 0) % 8}`);
    setText(part, size > 0.12 ? `${tag?.letter ?? ''} ${count(n)}` : size > 0.03 ? (tag?.letter ?? '') : '');
  });
}
