import type { Method, Service } from './types';

/** Codes that are the service's doing. Others say that the caller asked for what cannot be, may not, too often, or went away. */
const ownFaults = ['UNKNOWN', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'];

/** Whether a method keeps what its service promises, of this second: undefined while nobody calls, or where nothing is promised. */
export function keeps(method: Method, promised: Service['objective']): boolean | undefined {
  const calls = method.callsPerSecond ?? 0;
  if (!promised || calls <= 0) return undefined;
  const failed = ownFaults.reduce((sum, code) => sum + (method.errors?.[code] ?? 0), 0);
  const late = promised.latencyMs !== undefined && (method.p99 ?? 0) > promised.latencyMs;
  return !late && (promised.availability === undefined || 1 - failed / calls >= promised.availability);
}
