// What cells of tables hold besides text.

import { h, setAttribute, setClass, setText, svg } from './dom';
import { unknown } from './format';

/** The child of that kind, made when the cell has another. */
function only<K extends keyof HTMLElementTagNameMap>(cell: Element, tag: K, make: () => HTMLElementTagNameMap[K] = () => h(tag)): HTMLElementTagNameMap[K] {
  const child = cell.firstElementChild;
  if (child?.localName === tag && cell.childNodes.length === 1) return child as HTMLElementTagNameMap[K];
  const made = make();
  cell.replaceChildren(made);
  return made;
}

export function link(cell: Element, text: string | null | undefined, target: string | null): void {
  if (!text || !target) {
    setText(cell, text || unknown);
    return;
  }
  const anchor = only(cell, 'a');
  setText(anchor, text);
  setAttribute(anchor, 'href', target);
  setAttribute(anchor, 'title', text);
}

export type Tone = 'good' | 'info' | 'warning' | 'bad' | 'plain';
const shapes: Record<Tone, string> = { good: '●', info: '◆', warning: '▲', bad: '✕', plain: '○' };

/** A word with a colour and a shape: neither is the only sign. */
export function badge(text: string, tone: Tone): HTMLElement {
  const element = h('span', {}, h('i', { 'aria-hidden': 'true' }), h('span'));
  setBadge(element, text, tone);
  return element;
}

export function setBadge(element: HTMLElement, text: string, tone: Tone): void {
  setClass(element, `badge ${tone}`);
  setText(element.firstElementChild!, shapes[tone]);
  setText(element.lastElementChild!, text);
}

export function badgeCell(cell: Element, text: string, tone: Tone): void {
  setBadge(only(cell, 'span', () => badge(text, tone)), text, tone);
}

/** The code of a call; success is the usual case, and quiet. */
export function codeCell(cell: Element, code?: string): void {
  if (!code || code === 'OK') {
    setText(cell, code ? 'OK' : unknown);
    return;
  }
  badgeCell(cell, code, 'bad');
}

export function canvasCell(cell: Element): HTMLCanvasElement {
  return only(cell, 'canvas', () => h('canvas', { class: 'spark', 'aria-hidden': 'true' }));
}

const copyIcon = (): SVGElement => svg('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: 'M6 6h7.500v7.500H6zM10 6V2.500H2.500V10H6' }));
const doneIcon = (): SVGElement => svg('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: 'M3 8.500l3.500 3.500L13 4.500' }));

/** Copies a text, and says that it did. */
export function copyButton(label: string, text: () => string, announce: (said: string) => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'quiet small', 'aria-label': `Copy ${label}`, title: `Copy ${label}`, click: (event: Event) => {
    const button = event.currentTarget as HTMLElement;
    void copy(text()).then(copied => {
      announce(copied ? `${label} copied` : 'The browser did not allow copying');
      if (!copied) return;
      button.replaceChildren(doneIcon());
      setTimeout(() => button.replaceChildren(copyIcon()), 1500);
    });
  } }, copyIcon());
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers keep the clipboard from pages without TLS; what is selected may be copied all the same.
    const area = h('textarea', { class: 'unseen' });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

/** A bar of a share of one, with its value as text beside it. */
export function meter(label: string): { element: HTMLElement; set(share: number | null, text: string): void } {
  const bar = h('span', { class: 'fill' });
  const value = h('span', { class: 'value' });
  const element = h('div', { class: 'meter' }, h('span', { class: 'label' }, label), h('span', { class: 'track', 'aria-hidden': 'true' }, bar), value);
  return {
    element,
    set(share, text) {
      const width = `${Math.round(Math.min(1, Math.max(0, share ?? 0)) * 100)}%`;
      if (bar.style.width !== width) bar.style.width = width;
      setClass(bar, `fill${share !== null && share > 0.85 ? ' high' : ''}`);
      setText(value, text);
    },
  };
}
