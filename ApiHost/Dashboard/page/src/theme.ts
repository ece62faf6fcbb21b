// Dark and light: what the system says, or what the person chose.

import { h, setAttribute, svg } from './dom';

const place = 'granary.theme';
const choices = ['system', 'light', 'dark'] as const;
type Theme = (typeof choices)[number];
const drawings: Record<Theme, string> = {
  system: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  light: 'M8 5a3 3 0 1 0 .01 0M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  dark: 'M13 9.500A5.500 5.500 0 1 1 6.500 3a4.500 4.500 0 0 0 6.500 6.500z',
};
const listeners = new Set<() => void>();

function chosen(): Theme {
  const value = localStorage.getItem(place);
  return choices.find(c => c === value) ?? 'system';
}

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

export function startTheme(): void {
  apply(chosen());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(chosen()));
}

/** Called when colours change; the function it gives back ends that. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A button that goes through the choices. */
export function themeButton(): HTMLElement {
  const path = svg('path');
  const glyph = svg('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' }, path);
  const button = h('button', { type: 'button', class: 'quiet', click: () => {
    const next = choices[(choices.indexOf(chosen()) + 1) % choices.length]!;
    localStorage.setItem(place, next);
    apply(next);
    show();
  } }, glyph);
  const show = (): void => {
    setAttribute(path, 'd', drawings[chosen()]);
    setAttribute(path, 'fill', chosen() === 'system' ? 'none' : null);
    button.setAttribute('aria-label', `Colours: ${chosen()}`);
    button.title = `Colours: ${chosen()}`;
  };
  show();
  return button;
}

let probe: HTMLElement | undefined;

/** The colour that a variable of the style sheet has now: canvases do not read style sheets. */
export function colour(variable: string): string {
  if (!probe) {
    probe = h('span', { hidden: true });
    document.body.append(probe);
  }
  probe.style.color = `var(${variable})`;
  return getComputedStyle(probe).color;
}
