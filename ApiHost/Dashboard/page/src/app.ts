// What views are given and what they give back.

import type { Route } from './router';
import type { Store } from './store';
import type { Topic } from './types';

export interface App {
  readonly store: Store;

  /** Reads the feed with other words from now on; the view says so when its filters change. */
  watch(query: string): void;

  /** Tells people who do not see the page. */
  announce(text: string): void;
}

export interface View {
  readonly title: string;
  readonly element: HTMLElement;

  /** The feed's query of this view. */
  readonly feed: string;

  /** Topics that come for this view alone. */
  readonly topics: Topic[];

  /** Draws what is known; called at most once a frame, and once at the start. */
  render(): void;

  /** Takes what must not be missed, as log lines are: every message, not only the last of a frame. */
  receive?(topic: Topic, data: unknown): void;

  dispose?(): void;
}

export type MakeView = (app: App, route: Route) => View;
