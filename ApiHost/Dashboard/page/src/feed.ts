// The connection to the feed: one at a time, for the view that is shown. It comes back by itself, later each time and never with all others at once.

import { authorization, base, Problem, problemOf } from './api';
import { eventReader } from './sse';

export type FeedState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'cut'; reason: string; retryAt: number }
  | { kind: 'refused'; problem: Problem };

const silence = 8_000;
const firstWait = 500;
const longestWait = 15_000;

export class Feed {
  private query = '';
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  state: FeedState = { kind: 'connecting' };

  /** When something last came. */
  heardAt = 0;

  constructor(private readonly received: (topic: string, data: unknown) => void, private readonly changed: (state: FeedState) => void) {}

  /** Reads the feed of a view from now on. */
  open(query: string): void {
    this.query = query;
    this.attempt = 0;
    this.connect();
  }

  /** Tries at once. */
  retry(): void {
    this.attempt = 0;
    this.connect();
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = null;
  }

  private connect(): void {
    this.close();
    const abort = (this.abort = new AbortController());
    if (this.state.kind !== 'live') this.become({ kind: 'connecting' });
    void this.read(abort).catch((error: unknown) => {
      if (abort !== this.abort) return;
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        this.close();
        this.become({ kind: 'refused', problem: error });
        return;
      }
      // Full jitter: fifty pages that lost the same host do not come back in the same moment.
      const retryAfter = error instanceof Problem && error.retryAfter ? error.retryAfter * 1000 : 0;
      const wait = Math.max(retryAfter, 200 + Math.random() * Math.min(longestWait, firstWait * 2 ** this.attempt++));
      this.timer = setTimeout(() => this.connect(), wait);
      this.become({ kind: 'cut', reason: error instanceof Problem ? error.message : error instanceof Silence ? error.message : 'the host cannot be reached', retryAt: Date.now() + wait });
    });
  }

  private async read(abort: AbortController): Promise<void> {
    const watch = { timer: undefined as ReturnType<typeof setTimeout> | undefined, silent: false };
    const heard = (): void => {
      clearTimeout(watch.timer);
      watch.timer = setTimeout(() => {
        watch.silent = true;
        abort.abort();
      }, silence);
    };
    try {
      heard();
      const response = await fetch(`${base}/dashboard/feed?${this.query}`, { headers: { ...authorization(), accept: 'text/event-stream' }, signal: abort.signal, cache: 'no-store' });
      if (!response.ok) throw await problemOf(response);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const take = eventReader(message => {
        this.heardAt = Date.now();
        this.attempt = 0;
        this.become({ kind: 'live' });
        this.received(message.event, JSON.parse(message.data));
      });
      for (;;) {
        const { done, value } = await reader.read();
        if (abort !== this.abort) return;
        if (done) throw new Silence('the host ended the connection');
        heard();
        take(value);
      }
    } catch (error) {
      throw watch.silent ? new Silence(`nothing came for ${silence / 1000} s`) : error;
    } finally {
      clearTimeout(watch.timer);
      if (abort !== this.abort) abort.abort();
    }
  }

  private become(state: FeedState): void {
    if (state.kind === 'live' && this.state.kind === 'live') return;
    this.state = state;
    this.changed(state);
  }
}

class Silence extends Error {}
