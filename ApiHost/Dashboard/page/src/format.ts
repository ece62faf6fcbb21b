// Numbers as people read them: three digits that matter, and the unit.

export const unknown = '–';

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.01) return '<0.01';
  if (size < 10) return value.toFixed(2).replace(/\.?0+$/, '');
  if (size < 100) return value.toFixed(1).replace(/\.0$/, '');
  return plain.format(value);
}

function scaled(value: number, steps: [number, string][]): string {
  for (const [size, unit] of steps) if (Math.abs(value) >= size) return `${digits(value / size)}${unit}`;
  return digits(value);
}

const known = (value: number | null | undefined): value is number => typeof value === 'number' && Number.isFinite(value);

/** How many; large numbers as k and M. */
export const count = (value?: number | null): string => (known(value) ? (Math.abs(value) < 10_000 ? plain.format(value) : scaled(value, [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']])) : unknown);

/** How many, to the last one. */
export const exactly = (value?: number | null): string => (known(value) ? plain.format(value) : unknown);

export function rate(value?: number | null): string {
  if (!known(value)) return unknown;
  if (value === 0) return '0';
  return value >= 1e6 ? `${digits(value / 1e6)} M/s` : value >= 1e4 ? `${digits(value / 1e3)} k/s` : `${digits(value)}/s`;
}

export function duration(ms?: number | null): string {
  if (!known(ms)) return unknown;
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 60_000) return `${digits(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.floor((ms % 86_400_000) / 3_600_000)} h`;
}

export const bytes = (value?: number | null): string => (known(value) ? (value < 1024 ? `${plain.format(value)} B` : scaled(value, [[1024 ** 3, ' GiB'], [1024 ** 2, ' MiB'], [1024, ' KiB']])) : unknown);

export const percent = (value?: number | null): string => (known(value) ? `${value >= 10 || value === 0 ? Math.round(value) : value < 0.01 ? '<0.01' : value.toFixed(value < 1 ? 2 : 1).replace(/\.?0+$/, '')}%` : unknown);

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short' });

/** The time of day, by this machine's zone; the date too when it is another day. */
export function time(at?: number | null): string {
  if (!known(at)) return unknown;
  const text = clock.format(at);
  return Math.abs(Date.now() - at) < 43_200_000 ? text : `${day.format(at)} ${text}`;
}

/** With thousandths, for what follows fast. */
export const fineTime = (at: number): string => `${time(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}`;

export const ago = (at: number | null | undefined, now: number): string => (known(at) ? (now - at < 1000 ? 'now' : `${duration(Math.floor((now - at) / 1000) * 1000)} ago`) : unknown);

export const plural = (n: number, one: string, many = `${one}s`): string => `${exactly(n)} ${n === 1 ? one : many}`;
