// The dashboard in headless Chromium: node page.mjs ADDRESS ADMIN-TOKEN USER-TOKEN. CHROMIUM names another browser than Debian's. Cases come in as lines of JSON and are answered as such.
import { readFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { pictures } from './pictures.mjs';

const [address, admin, user] = process.argv.slice(2);
const host = new URL(address);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const patience = 30_000;
const views = ['overview', 'services', 'grains', 'grain/inventory%2Fsku-7', 'limits', 'graph', 'logs', 'console'];

// What each view shows once it has something to show.
const shows = {
  overview: '.card .badge.good',
  services: 'tbody th a',
  grains: '.stacked span',
  'grain/inventory%2Fsku-7': '.badge',
  limits: 'section.panel tbody th',
  graph: '.node',
  logs: '.log li',
  console: 'form.call',
};

/** A page of its own, and what must not happen in it. */
async function open(work, { token = admin, route = 'overview', options = {}, base = host.origin, bypassCSP = false, allow = [] } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const wrong = [];
  page.on('console', message => ['error', 'warning'].includes(message.type()) && wrong.push(`console: ${message.text()} ${message.location().url}`));
  page.on('pageerror', error => wrong.push(`error: ${error.stack}`));
  page.on('request', request => new URL(request.url()).origin !== base && !request.url().startsWith('data:') && wrong.push(`request to ${request.url()}`));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)));
  try {
    await page.goto(`${base}/dashboard${token ? `#token=${token}` : ''}`);
    if (token && route !== 'overview') await go(page, route);
    await work(page, context);
    const unexpected = wrong.filter(w => !allow.some(pattern => pattern.test(w)));
    if (unexpected.length > 0) throw new Error(unexpected.join('\n'));
  } catch (error) {
    const shown = await page.locator('body').innerText().catch(() => '');
    throw new Error(`${error.stack}\nThe page shows:\n${shown.slice(0, 1500)}\n${wrong.join('\n')}`);
  } finally {
    await context.close();
  }
}

const go = (page, route) => page.evaluate(to => (location.hash = `#/${to}`), route);

async function seen(page, route) {
  await go(page, route);
  await page.locator(shows[route]).first().waitFor();
}

function holds(condition, what) {
  if (!condition) throw new Error(what);
}

async function until(condition, what) {
  const end = Date.now() + patience;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

// Somebody always looks: the host then gathers all the time, and no case waits until it has begun to.
const looking = await fetch(`${host.origin}/dashboard/feed?view=services`, { headers: { authorization: `Bearer ${admin}` } });
void looking.body?.pipeTo(new WritableStream()).catch(() => undefined);

// Failed requests of fetch are told in the console by Chromium itself.
const refusals = /Failed to load resource: the server responded with a status of 4\d\d/;
let watching;

const cases = {
  every_view_shows_what_the_cluster_does: () => open(async page => {
    await page.locator('.pill.good').waitFor();
    for (const view of views) await seen(page, view);
  }),

  every_view_passes_axe_in_the_light: () => accessible({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }),

  every_view_passes_axe_in_the_dark_on_a_phone_of_360_pixels: () => accessible({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }),

  everything_is_reached_by_keyboard: () => open(async page => {
    await page.locator('.card').first().waitFor();
    const focused = () => page.evaluate(() => `${document.activeElement.tagName} ${document.activeElement.textContent.trim().slice(0, 40)}`);
    const tabTo = async text => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if ((await focused()).includes(text)) {
          const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
          holds(outline !== 'none', `the focus on ${text} is not visible`);
          return;
        }
      }
      throw new Error(`Tab does not reach ${text}; it is at ${await focused()}`);
    };
    await page.evaluate(() => document.activeElement?.blur());
    await tabTo('Skip to content');
    await page.keyboard.press('Enter');
    holds((await focused()).startsWith('MAIN'), 'the first link leads to the content');

    // From view to view; each says by its heading where one is.
    for (const title of ['Services', 'Graph', 'Logs', 'Console']) {
      await page.evaluate(() => document.activeElement?.blur());
      await page.locator('.skip').focus();
      await tabTo(title);
      await page.keyboard.press('Enter');
      await until(async () => (await focused()).startsWith(`H1 ${title}`), `the focus is on the heading ${title}`);
    }

    // A table is sorted.
    await go(page, 'services');
    await page.locator('tbody th').first().waitFor();
    await tabTo('BUTTON Method');
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="ascending"]', { hasText: 'Method' }).waitFor();
    holds((await page.evaluate(() => location.hash)).includes('sort=method'), 'the order is in the address');

    // The graph is walked through.
    await seen(page, 'graph');
    await page.locator('.node[tabindex="0"]').focus();
    const first = await page.evaluate(() => document.activeElement.getAttribute('data-id'));
    await page.keyboard.press('ArrowRight');
    const second = await page.evaluate(() => document.activeElement.getAttribute('data-id'));
    holds(second !== null && second !== first, `the arrow leads from ${first} to another node`);
    await page.keyboard.press('Enter');
    await page.locator('.details dt', { hasText: 'Called by' }).waitFor();
    const before = await page.locator('.graph > svg').getAttribute('viewBox');
    await page.keyboard.press('+');
    holds(await page.locator('.graph > svg').getAttribute('viewBox') !== before, 'a key zooms');
  }),

  a_call_is_made_from_the_form: () => open(async page => {
    await page.getByLabel('Key').fill('seven');
    await page.getByLabel('a', { exact: true }).fill('7');
    await page.getByLabel('b', { exact: true }).fill('8');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.output', { hasText: /^56$/ }).waitFor();
    await page.locator('.badge', { hasText: '200' }).waitFor();
    const curl = await page.locator('[data-program="curl"] pre').textContent();
    holds(curl.includes(`-d '{"a":7,"b":8}'`) && curl.includes('/rpc/calculator/seven/Multiply') && curl.includes('$TOKEN'), curl);
    const grpcurl = await page.locator('[data-program="grpcurl"] pre').textContent();
    holds(grpcurl.includes(`-d '{"key":"seven","a":7,"b":8}'`) && grpcurl.includes('granary.samples.v1.Calculator/Multiply'), grpcurl);

    // A field that is the grain's key has the contract's name in gRPC.
    await go(page, 'console?service=orders&method=Place&key=o-1');
    await page.getByLabel('account').fill('ada');
    await page.getByLabel('sku').fill('apple');
    await page.getByLabel('quantity').fill('2');
    await page.locator('[data-program="grpcurl"] pre', { hasText: '"orderId":"o-1"' }).waitFor();

    // Enums are written as protobuf names them, and what is deprecated says so.
    await go(page, 'console?service=users&version=2&method=SetRoles&key=ada');
    await page.getByText('may change state').waitFor();
    await go(page, 'console?service=users&method=Rename&key=ada');
    await page.locator('.badge', { hasText: 'deprecated' }).waitFor();
    await go(page, 'console?service=users&method=Remove&key=ada');
    await page.locator('.badge', { hasText: 'destructive' }).waitFor();
  }, { route: 'console?service=calculator&method=Multiply' }),

  a_stream_comes_line_by_line_and_is_stopped: () => open(async page => {
    await page.getByLabel('Key').fill('p');
    await page.getByRole('textbox', { name: 'from' }).fill('2');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.output', { hasText: /\d+\n\d+\n\d+/ }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText(/lines, stopped/).waitFor();

    // What the caller sends may be a stream too.
    await go(page, 'console?service=calculator&method=Sum&key=s');
    await page.getByLabel('Items').fill('1\n2\n3.5');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.output', { hasText: '6.5' }).waitFor();
  }, { route: 'console?service=calculator&method=Primes' }),

  a_refused_call_says_why: () => open(async page => {
    await page.getByLabel('a', { exact: true }).fill('1');
    await page.getByLabel('b', { exact: true }).fill('0');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.badge.bad', { hasText: '400' }).waitFor();
    await page.locator('.output', { hasText: 'INVALID_ARGUMENT' }).waitFor();
    await page.getByRole('link', { name: /^[0-9a-f]{32}$/ }).waitFor();
  }, { route: 'console?service=calculator&method=Divide&key=d', allow: [refusals] }),

  a_grain_is_found_and_followed: () => open(async page => {
    await page.getByLabel('Grain as type/key').fill('inventory/sku-7');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'inventory/sku-7' }).waitFor();
    await page.locator('.badge.good', { hasText: 'in memory' }).waitFor();
    await page.locator('section', { has: page.getByRole('heading', { name: 'Last calls' }) }).locator('tbody td', { hasText: 'Restock' }).first().waitFor();
    await page.getByRole('link', { name: 'Call it' }).click();
    await until(async () => await page.getByLabel('Key').inputValue() === 'sku-7', 'the console knows the grain');
  }, { route: 'grains' }),

  a_level_is_set_and_removed: () => open(async page => {
    const levels = page.locator('section', { has: page.getByRole('heading', { name: 'Levels' }) });
    await levels.getByLabel('Category').fill('Granary.Dashboard.Example');
    await levels.getByRole('button', { name: 'Set' }).click();
    await page.getByText('Granary.Dashboard.Example writes debug and worse for 10 minutes.').waitFor();
    await levels.locator('tbody th', { hasText: 'Granary.Dashboard.Example' }).first().waitFor();
    await levels.getByRole('button', { name: 'Remove the level of Granary.Dashboard.Example' }).first().click();
    await until(async () => await levels.locator('tbody th', { hasText: 'Granary.Dashboard.Example' }).count() === 0, 'the level is removed');
  }, { route: 'logs' }),

  log_lines_are_filtered_by_trace: () => open(async page => {
    await page.locator('.log li').first().waitFor();
    await page.getByLabel('Contains').fill('no line has this text');
    await page.getByText('No line yet fits.').waitFor();
    holds((await page.evaluate(() => location.hash)).includes('text=no'), 'the filter is in the address');
    await page.getByLabel('Contains').fill('');
    await page.locator('.log li').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/^Paused/).waitFor();
  }, { route: 'logs' }),

  a_wrong_token_is_refused_with_a_reason: () => open(async page => {
    await page.getByLabel('Token').fill('not.a.token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'The token was refused' }).waitFor();
    await page.getByLabel('Token').fill(admin);
    await page.keyboard.press('Enter');
    await page.locator('.pill.good').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    holds(await page.evaluate(() => sessionStorage.length === 0 && localStorage.length === 0), 'nothing of the token is left');
  }, { token: null, allow: [refusals] }),

  a_token_without_the_role_is_refused_with_a_reason: () => open(async page => {
    await page.getByRole('alert').filter({ hasText: 'needs the role admin' }).waitFor();
  }, { token: user, allow: [refusals] }),

  a_token_leaves_the_address_bar: () => open(async page => {
    await page.locator('.pill.good').waitFor();
    const [url, kept] = await page.evaluate(() => [location.href, JSON.stringify(history.state) + document.cookie + JSON.stringify(localStorage)]);
    holds(!url.includes('token') && !kept.includes(admin), `${url} ${kept}`);
    await page.goBack().catch(() => undefined);
    holds(!page.url().includes('token='), 'nor is it in the history');
  }),

  a_cut_feed_is_said_and_comes_back: async () => {
    const sockets = new Set();
    let up = true;
    const relay = createServer(client => {
      if (!up) return client.destroy();
      const server = connect(Number(host.port), host.hostname);
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy()).on('close', () => {
          sockets.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      client.pipe(server).pipe(client);
    });
    await new Promise(ready => relay.listen(0, '127.0.0.1', ready));
    try {
      await open(async page => {
        await page.locator('.card').first().waitFor();
        up = false;
        for (const socket of sockets) socket.destroy();
        await page.locator('.cut', { hasText: 'Disconnected' }).waitFor();
        await page.locator('main.stale').waitFor();
        up = true;
        await page.getByRole('button', { name: 'Try now' }).click().catch(() => undefined);
        await page.locator('.pill.good').waitFor();
        await page.locator('main.stale').waitFor({ state: 'detached' });
      }, { base: `http://127.0.0.1:${relay.address().port}`, allow: [/net::ERR_/] });
    } finally {
      relay.close();
    }
  },

  // A feed of this file's own: no cluster of three processes has that much.
  five_hundred_methods_are_few_rows: () => open(async (page, context) => {
    const services = Array.from({ length: 50 }, (_, s) => ({ name: `service${String(s).padStart(2, '0')}`, version: 1, methods: Array.from({ length: 10 }, (_, m) => ({ name: `Method${m}`, kind: 'Unary', callsPerSecond: s * 10 + m, errorsPerSecond: 0, inFlight: 1, p50: 1, p95: 2, p99: 3, max: 4 })) }));
    await feed(context, [['services', { services, slowest: [] }]]);
    await go(page, 'services');
    await page.getByText('500 methods of 50 services').waitFor();
    const table = page.locator('table').first();
    holds(await table.getAttribute('aria-rowcount') === '501', 'the table says how many rows it has');
    holds(await table.locator('tbody tr').count() < 60, 'few of them are in the document');
    await page.locator('tbody th', { hasText: 'service49/Method9' }).waitFor();
    await page.locator('.table').first().evaluate(element => (element.scrollTop = element.scrollHeight));
    await page.locator('tbody th', { hasText: 'service00/Method0' }).waitFor();
    await page.getByLabel('Find a method').fill('service31 method4');
    await page.getByText('1 of 500 methods').waitFor();
  }, { allow: [/net::ERR_/] }),

  what_the_cluster_says_is_never_markup: () => open(async (page, context) => {
    const evil = '<img src=x onerror=console.error("run")><script>console.error("run")</script>';
    await feed(context, [
      ['overview', { at: Date.now(), process: evil, totals: {}, silos: [{ address: evil, name: evil, status: evil, problem: evil }], gateways: [{ name: evil }] }],
      ['events', { events: [{ id: 'x', at: Date.now(), kind: evil, severity: 'bad', subject: evil, text: evil }] }],
      ['grains', { types: [{ type: evil, class: evil, total: 3, silos: { [evil]: 3 } }], hot: [{ grain: evil, silo: evil, callsPerSecond: 1 }], mailboxes: [] }],
      ['logs', { entries: [{ process: evil, sequence: 1, at: Date.now(), level: 'Error', category: evil, text: evil, exception: evil }] }],
    ]);
    await go(page, 'services');
    for (const [view, place] of [['overview', '.card h3'], ['grains', 'tbody th'], ['logs', '.log .text']]) {
      await go(page, view);
      await page.locator(place, { hasText: '<script>' }).first().waitFor();
    }
    holds(await page.locator('main img, main script').count() === 0, 'no element came of it');
  }, { allow: [/net::ERR_/] }),

  async a_page_is_opened_that_sees_every_silo() {
    let opened;
    let close;
    const ready = new Promise(resolve => (opened = resolve));
    const over = new Promise(resolve => (close = resolve));
    const result = open(async page => {
      await until(async () => await page.locator('section', { hasText: /^Silos/ }).locator('.card.good').count() === 3, 'three silos are well');
      opened(page);
      await over;
    });
    watching = { page: await Promise.race([ready, result]), close, result };
  },

  async that_page_shows_the_death() {
    const { page, close, result } = watching;
    // The first thing to be seen is that it does not answer; then that it is dead, in the events too.
    await page.locator('.events li', { hasText: /dead|unreachable/ }).filter({ hasText: 'silo-2' }).first().waitFor();
    await until(async () => await page.locator('section', { hasText: /^Silos/ }).locator('.card.good').count() === 2, 'two silos are well');
    close();
    await result;
  },

  pictures_desktop_light: () => pictures(browser, `${host.origin}/dashboard#token=${admin}`, process.env.SCREENSHOTS, 'desktop', 'light'),
  pictures_desktop_dark: () => pictures(browser, `${host.origin}/dashboard#token=${admin}`, process.env.SCREENSHOTS, 'desktop', 'dark'),
  pictures_phone_light: () => pictures(browser, `${host.origin}/dashboard#token=${admin}`, process.env.SCREENSHOTS, 'phone', 'light'),
  pictures_phone_dark: () => pictures(browser, `${host.origin}/dashboard#token=${admin}`, process.env.SCREENSHOTS, 'phone', 'dark'),
};

/** No view breaks a rule of axe, or is wider than its window. */
function accessible(options) {
  return open(async page => {
    for (const view of views) {
      await seen(page, view);
      const found = await page.evaluate(async source => {
        if (!window.axe) new Function(source)();
        const result = await window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
        return result.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => `${n.html.slice(0, 160)} ${n.failureSummary}`).join(' | ')}`);
      }, axe);
      holds(found.length === 0, `${view}:\n${found.join('\n')}`);
      const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      holds(wide <= inner, `${view} is ${wide} px wide`);
    }
  }, { bypassCSP: true, options });
}

/** Answers the feed with these messages, and then says nothing more. */
async function feed(context, messages) {
  await context.route('**/dashboard/feed*', route => route.fulfill({ contentType: 'text/event-stream', body: messages.map(([topic, data]) => `event: ${topic}\ndata: ${JSON.stringify(data)}\n\n`).join('') }));
}

createInterface({ input: process.stdin }).on('line', async line => {
  const { id, case: name } = JSON.parse(line);
  const started = Date.now();
  let answer;
  try {
    if (!cases[name]) throw new Error(`no such case; there are ${Object.keys(cases).join(', ')}`);
    await cases[name]();
    answer = { id, ok: true, said: `${Date.now() - started} ms` };
  } catch (error) {
    answer = { id, ok: false, said: `${error.stack ?? error}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
// Whoever started this has gone.
process.stdin.on('close', () => process.exit());
