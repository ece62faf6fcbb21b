// The pictures of the documentation: each view, for a desk and for a phone, light and dark.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const views = { overview: 'overview', services: 'services', grains: 'grains', grain: null, limits: 'limits', graph: 'graph', logs: 'logs?text=connected', console: 'console?service=calculator&method=Multiply&key=a' };
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const largest = 150_000;

export async function pictures(browser, address, folder, size, colorScheme) {
  mkdirSync(folder, { recursive: true });
  const context = await browser.newContext({ viewport: sizes[size], colorScheme });
  const page = await context.newPage();
  await page.goto(address);
  for (const [name, route] of Object.entries(views)) {
    await page.evaluate(to => (location.hash = `#/${to}`), route ?? 'grains');
    if (!route) {
      const busiest = page.locator('section', { has: page.getByRole('heading', { name: 'Hot grains' }) }).locator('tbody a').first();
      const to = await busiest.getAttribute('href');
      await page.evaluate(hash => (location.hash = hash), to);
      await page.locator('.badge.good', { hasText: 'in memory' }).waitFor();
    }
    if (name === 'console') {
      await page.getByLabel('a', { exact: true }).fill('7');
      await page.getByLabel('b', { exact: true }).fill('8');
      await page.getByRole('button', { name: 'Call', exact: true }).click();
    }
    await page.waitForTimeout(name === 'grain' ? 6000 : 2500);
    const file = join(folder, `${name}-${size}-${colorScheme}.png`);
    await page.screenshot({ path: file });
    const { length } = readFileSync(file);
    if (length > largest) throw new Error(`${file} has ${length} bytes`);
  }
  await context.close();
}
