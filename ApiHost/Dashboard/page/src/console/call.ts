// Makes the call, over HTTP as any caller would.

import { authorization, base } from '../api';
import type { Call } from './lines';

export interface Progress {
  /** The answer has begun: status, and the trace's id where the host says it. */
  began(status: number, statusText: string, traceId: string | undefined, milliseconds: number): void;

  /** Lines of a stream; no more are read until the promise is kept, so that a page that cannot follow holds the grain back. */
  lines(texts: string[]): Promise<void>;

  /** The whole answer of a call that is no stream. */
  answer(text: string, type: string): void;

  /** Nothing more comes. */
  ended(milliseconds: number, aborted: boolean): void;
}

export async function send(call: Call, wantsStream: boolean, progress: Progress, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const since = (): number => performance.now() - start;
  try {
    const response = await fetch(base + call.url, {
      method: 'POST',
      signal,
      cache: 'no-store',
      headers: { ...authorization(), accept: wantsStream ? 'application/x-ndjson' : 'application/json', 'content-type': call.items ? 'application/x-ndjson' : 'application/json' },
      body: call.items ? call.items.map(i => `${JSON.stringify(i)}\n`).join('') : JSON.stringify(call.body ?? {}),
    });
    const traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(response.headers.get('traceparent') ?? '')?.[1];
    progress.began(response.status, response.statusText, traceId, since());
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('application/x-ndjson')) {
      progress.answer(await response.text(), type);
    } else {
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const lines = (rest + value).split('\n');
        rest = lines.pop()!;
        await progress.lines(lines.filter(Boolean));
      }
      if (rest) await progress.lines([rest]);
    }
    progress.ended(since(), false);
  } catch (error) {
    if (!signal.aborted) throw error;
    progress.ended(since(), true);
  }
}
