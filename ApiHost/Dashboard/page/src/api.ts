// The host's other endpoints, with the caller's token.

import { token } from './session';

/** Where the host is: what stands before /dashboard, so that a proxy may put it under a path of its own. */
export const base = location.pathname.replace(/\/dashboard\/?$/, '');

/** An answer that is not a success, in the words of its problem document (RFC 9457). */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly traceId?: string, readonly retryAfter?: number) {
    super(message);
  }
}

export function authorization(): Record<string, string> {
  const value = token();
  return value ? { authorization: `Bearer ${value}` } : {};
}

export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; title?: string; traceId?: string; retryAfter?: number };
    return new Problem(response.status, problem.code ?? '', problem.detail ?? problem.title ?? text, problem.traceId, problem.retryAfter);
  } catch {
    return new Problem(response.status, '', text.slice(0, 500) || response.statusText || `status ${response.status}`);
  }
}

/** Asks, and reads JSON; throws a {@link Problem} for what is no success, and a TypeError when the host cannot be reached. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: { ...authorization(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
  });
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** What to tell the person about something that went wrong. */
export function explain(error: unknown): string {
  if (error instanceof Problem) return `${error.code || `status ${error.status}`}: ${error.message}`;
  if (error instanceof TypeError) return 'The host cannot be reached.';
  return error instanceof Error ? error.message : String(error);
}
