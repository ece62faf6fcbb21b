// Starts the page: who looks, the frame around the views, and the one connection to the feed.

import './style.css';
import { claims, signOut, takeTokenFromAddress, token } from './session';
import { h } from './dom';
import { time } from './format';
import { Feed, type FeedState } from './feed';
import { Store } from './store';
import { parseRoute } from './router';
import { startTheme } from './theme';
import { Shell } from './shell';
import { signInView } from './views/sign-in';
import { views } from './views';
import type { App, View } from './app';
import type { Topic } from './types';

startTheme();
takeTokenFromAddress();

const store = new Store();
const shell = new Shell({ signOut: () => leave(null), retry: () => feed.retry() });
let view: View | null = null;
let drawing = false;
let address = '';
let watching = '';

const app: App = {
  store,
  announce: text => shell.announce(text),
  watch(query) {
    if (query === watching) return;
    watching = query;
    feed.open(query);
  },
};

const feed = new Feed(
  (topic, data) => {
    const events = store.take(topic as Topic, data);
    // The first two hundred are history; what happens now is told.
    if (events.length > 0 && events.length < 20) shell.announce(events.map(e => e.text).join(' '));
    view?.receive?.(topic as Topic, data);
    draw();
  },
  (state: FeedState) => {
    if (state.kind === 'refused') leave(state.problem.status === 403 ? `This token may not look: ${state.problem.message}. The dashboard needs the role admin.` : `The token was refused: ${state.problem.message}.`);
    else shell.showFeed(state, feed.heardAt);
  },
);

/** Draws once a frame, whatever came; nothing while nobody sees the page. */
function draw(): void {
  if (drawing || document.hidden) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const start = performance.now();
    shell.showOverview(store.get('overview'));
    view?.render();
    performance.measure('tick', { start });
    if (performance.getEntriesByName('tick').length > 300) performance.clearMeasures('tick');
  });
}

document.addEventListener('visibilitychange', draw);

function show(): void {
  if (location.hash.startsWith('#token=')) {
    takeTokenFromAddress();
    watching = '';
  }
  if (!token()) {
    leave(null);
    return;
  }
  if (location.hash === address && view) return;
  const again = address !== '';
  address = location.hash;
  const route = parseRoute(location.hash);
  const make = views[route.view];
  view?.dispose?.();
  store.forget(view?.topics ?? []);
  shell.frame();
  view = make ? make(app, route) : nothing(route.view);
  document.title = `${view.title} · Granary`;
  shell.show(route.view, view.element, again);
  app.watch(view.feed);
  view.render();
}

function nothing(name: string): View {
  return { title: 'Nothing here', feed: 'view=overview', topics: [], render: () => undefined, element: h('div', {}, h('h1', { tabindex: -1 }, 'Nothing here'), h('p', {}, `There is no view "${name}". `, h('a', { href: '#/overview' }, 'Overview'))) };
}

/** Forgets the token and asks for another. */
function leave(reason: string | null): void {
  feed.close();
  signOut();
  view?.dispose?.();
  view = null;
  watching = '';
  const wanted = address;
  address = '';
  document.title = 'Sign in · Granary';
  shell.signIn(signInView(reason, () => {
    if (wanted && !location.hash) location.hash = wanted;
    show();
  }));
}

// A token that has expired is not asked for again by a host that has let us in: the page says so itself.
setInterval(() => {
  const { expires } = claims();
  if (token() && expires && Date.now() >= expires) leave(`The token expired at ${time(expires)}.`);
  else if (token()) shell.showFeed(feed.state, feed.heardAt);
}, 1000);

addEventListener('hashchange', show);
show();
