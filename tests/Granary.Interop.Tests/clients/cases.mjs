// What the programs of this folder have in common: cases come in as lines of JSON and are answered as such.
import { createInterface } from 'node:readline';

export function serve(cases) {
  createInterface({ input: process.stdin }).on('line', async line => {
    const { id, case: name } = JSON.parse(line);
    let answer;
    try {
      if (!cases[name]) throw new Error(`no such case; there are ${Object.keys(cases).join(', ')}`);
      await cases[name]();
      answer = { id, ok: true, said: '' };
    } catch (error) {
      answer = { id, ok: false, said: `${error.stack ?? error}\n${JSON.stringify(error, (_, v) => typeof v === 'bigint' ? `${v}` : v)}` };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  });
  // Whoever started this has gone.
  process.stdin.on('close', () => process.exit());
}

export function equal(actual, expected, what) {
  const [a, e] = [actual, expected].map(v => JSON.stringify(v, (_, x) => typeof x === 'bigint' ? `${x}n` : x));
  if (a !== e) throw new Error(`${what}: expected ${e}, seen ${a}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

// Waits for a condition with a bound.
export async function until(condition, what) {
  const end = Date.now() + 60000;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise(r => setTimeout(r, 20));
  }
}

export const special = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
