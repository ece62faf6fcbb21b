// The frame: name, navigation, who looks, how the connection is.

import { h, setAttribute, setClass, setText } from './dom';
import { duration, time } from './format';
import { claims } from './session';
import { themeButton } from './theme';
import type { FeedState } from './feed';
import type { Overview } from './types';

const places: [string, string][] = [
  ['overview', 'Overview'],
  ['services', 'Services'],
  ['grains', 'Grains'],
  ['limits', 'Limits'],
  ['graph', 'Graph'],
  ['logs', 'Logs'],
  ['console', 'Console'],
];

const late = 5_000;

export class Shell {
  private readonly live = h('p', { class: 'unseen', 'aria-live': 'polite', role: 'status' });
  private readonly main = h('main', { id: 'main', tabindex: -1 });
  private readonly pill = h('span', { class: 'pill' });
  private readonly process = h('span', { class: 'process' });
  private readonly cut = h('div', { class: 'cut', hidden: true });
  private readonly cutText = h('span', {});
  private readonly links = new Map<string, HTMLAnchorElement>();
  private readonly body: HTMLElement;
  private readonly who = h('span', { class: 'who' });

  constructor(private readonly actions: { signOut: () => void; retry: () => void }) {
    const nav = h('nav', { 'aria-label': 'Views' }, h('ul', {}, ...places.map(([view, title]) => {
      const link = h('a', { href: `#/${view}` }, title);
      this.links.set(view, link);
      return h('li', {}, link);
    })));
    const bar = h('header', {},
      h('a', { class: 'brand', href: '#/overview' }, h('img', { src: 'dashboard/icon.svg', alt: '', width: 26, height: 26 }), 'Granary'),
      this.pill,
      this.process,
      h('span', { class: 'grow' }),
      this.who,
      themeButton(),
      h('button', { type: 'button', class: 'quiet', click: () => this.actions.signOut() }, 'Sign out'));
    this.cut.append(this.cutText, h('button', { type: 'button', click: () => this.actions.retry() }, 'Try now'));
    this.body = h('div', { class: 'shell' },
      h('a', { class: 'skip', href: '#main', click: (event: Event) => { event.preventDefault(); this.main.focus(); } }, 'Skip to content'),
      bar, nav, h('div', { class: 'content' }, this.cut, this.main));
  }

  /** Puts the frame into the page; nothing when it is there. */
  frame(): void {
    if (this.body.isConnected) return;
    setText(this.who, claims().subject ?? '');
    document.body.replaceChildren(this.body, this.live);
  }

  /** Shows a view; the focus follows when a person went there. */
  show(name: string, element: HTMLElement, focus: boolean): void {
    const place = name === 'grain' ? 'grains' : name;
    for (const [view, link] of this.links) setAttribute(link, 'aria-current', view === place ? 'page' : null);
    this.links.get(place)?.scrollIntoView({ block: 'nearest', inline: 'center' });
    this.main.replaceChildren(element);
    scrollTo(0, 0);
    if (focus) element.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }

  signIn(element: HTMLElement): void {
    document.body.replaceChildren(element, this.live);
    element.querySelector('input')?.focus();
  }

  announce(text: string): void {
    setText(this.live, text);
  }

  showOverview(overview: Overview | undefined): void {
    setText(this.process, overview?.process ?? '');
  }

  /** Greys what is old, and says since when. */
  showFeed(state: FeedState, heardAt: number): void {
    const quiet = heardAt > 0 ? Date.now() - heardAt : 0;
    const isLive = state.kind === 'live' && quiet < late;
    const since = heardAt > 0 ? `What is shown is from ${time(heardAt)}. ` : '';
    setClass(this.pill, `pill ${isLive ? 'good' : state.kind === 'cut' || quiet >= late ? 'bad' : 'info'}`);
    const word = isLive ? 'Live' : state.kind === 'cut' ? 'Disconnected' : state.kind === 'live' ? 'Silent' : 'Connecting';
    if (this.pill.textContent !== word) {
      const before = this.pill.textContent;
      setText(this.pill, word);
      if (word === 'Disconnected' || (word === 'Live' && before === 'Disconnected')) this.announce(word === 'Live' ? 'Connected again' : 'The connection to the cluster is cut');
    }
    const isCut = !isLive && (state.kind === 'cut' || heardAt > 0) && (state.kind !== 'connecting' || quiet >= late);
    this.cut.hidden = !isCut;
    setClass(this.main, isCut ? 'stale' : '');
    if (state.kind === 'cut') setText(this.cutText, `${since}Disconnected: ${state.reason}. Next attempt in ${duration(Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000)) * 1000)}.`);
    else if (isCut) setText(this.cutText, `${since}Nothing has come since.`);
  }
}
