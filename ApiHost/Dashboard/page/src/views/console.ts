// Calls any method from a form, and shows the same call for a shell.

import { append, field, h, setText } from '../dom';
import { duration, plural } from '../format';
import { badge, copyButton, setBadge } from '../cells';
import { base, explain } from '../api';
import { replaceQuery, traceHref } from '../router';
import { editor, type Editor } from '../console/form';
import { curl, grpcurl, type Call } from '../console/lines';
import { grpcName, readCatalog, type Callable, type Catalog } from '../console/methods';
import { send } from '../console/call';
import type { App, MakeView } from '../app';

const mostLines = 1_000;
const destructive = /^(remove|delete|drop|purge|clear|reset|cancel|revoke|kill|wipe)/i;

export const consoleView: MakeView = (app, route) => {
  const place = h('div', {}, h('p', { class: 'hint', role: 'status' }, 'Reading the contract …'));
  let running: AbortController | null = null;
  const wanted = { service: route.query.get('service'), version: route.query.get('version'), method: route.query.get('method'), key: route.query.get('key') };
  readCatalog().then(
    catalog => place.replaceChildren(build(app, catalog, wanted, abort => (running = abort))),
    (error: unknown) => place.replaceChildren(h('p', { class: 'problem', role: 'alert' }, `The contract cannot be read: ${explain(error)} The console needs /openapi.json (Granary:OpenApi:Enabled).`)));
  return {
    title: 'Console',
    feed: 'view=overview',
    topics: [],
    element: h('div', {}, h('h1', { tabindex: -1 }, 'Console'), place),
    render: () => undefined,
    dispose: () => running?.abort(),
  };
};

interface Wanted {
  service: string | null;
  version: string | null;
  method: string | null;
  key: string | null;
}

function build(app: App, catalog: Catalog, wanted: Wanted, started: (abort: AbortController | null) => void): HTMLElement {
  if (catalog.callables.length === 0) return h('p', { class: 'empty' }, 'This host has no services.');
  const serviceOf = (c: Callable): string => (c.version === 1 ? c.service : `${c.service} v${c.version}`);
  const services = [...new Set(catalog.callables.map(serviceOf))];
  const service = h('select', { change: () => fillMethods() }, ...services.map(s => h('option', { value: s }, s)));
  const method = h('select', { change: () => choose() });
  const key = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', value: wanted.key ?? '', input: () => changed() });
  const keyField = field('Key', key, 'names the grain');
  const about = h('div', { class: 'about' });
  const form = h('form', { class: 'call', input: () => changed(), submit: (event: Event) => {
    event.preventDefault();
    void call();
  } });
  const inputs = h('div');
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Call');
  const stop = h('button', { type: 'button', disabled: true, click: () => abort?.abort() }, 'Stop');
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const lines = h('div', { class: 'lines' });
  const status = h('p', { class: 'bar', role: 'status' });
  const output = h('pre', { class: 'output', tabindex: 0, role: 'group', 'aria-label': 'Answer' });
  let callable: Callable;
  let body: Editor | null = null;
  let query: [string, Editor][] = [];
  let items: HTMLTextAreaElement | null = null;
  let abort: AbortController | null = null;

  const fillMethods = (name?: string | null): void => {
    const of = catalog.callables.filter(c => serviceOf(c) === service.value);
    method.replaceChildren(...of.map(c => h('option', { value: c.id }, `${c.name}${c.deprecated ? ' (deprecated)' : ''}${c.reads ? '' : ' ✎'}`)));
    const found = of.find(c => c.name === name);
    if (found) method.value = found.id;
    choose();
  };

  const choose = (): void => {
    callable = catalog.callables.find(c => c.id === method.value)!;
    about.replaceChildren(h('p', {}, callable.summary), callable.notes ? h('p', { class: 'hint' }, callable.notes) : '');
    const marks = h('p', { class: 'bar' });
    append(marks, [
      callable.reads ? badge('only reads', 'good') : badge('may change state', 'warning'),
      callable.repeatable ? null : badge('repeating it does it again', 'warning'),
      destructive.test(callable.name) ? badge('destructive', 'bad') : null,
      callable.deprecated ? badge('deprecated', 'warning') : null,
      callable.items ? badge('takes a stream', 'info') : null,
      callable.streams ? badge('answers with a stream', 'info') : null,
    ]);
    about.append(marks);
    keyField.hidden = !callable.key;
    key.required = callable.key !== undefined;
    key.inputMode = callable.key?.schema?.type === 'integer' ? 'numeric' : 'text';
    inputs.replaceChildren();
    body = null;
    items = null;
    query = callable.query.map(p => [p.name, editor(catalog, p.schema ?? { type: 'string' }, p.name, p.required === true)]);
    append(inputs, query.map(([, e]) => e.element));
    if (callable.items) {
      items = h('textarea', { rows: 4, spellcheck: 'false', class: 'mono', placeholder: '1\n2\n3' });
      inputs.append(field('Items', items, 'one JSON value a line'));
    } else if (callable.body) {
      body = editor(catalog, callable.body, 'Arguments', true);
      inputs.append(body.element);
    }
    changed();
  };

  const read = (): Call => {
    const values: Record<string, string> = {};
    for (const [name, e] of query) {
      const value = e.get();
      if (value !== undefined) values[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
    }
    const search = new URLSearchParams(values).toString();
    const path = callable.path.replace('{key}', encodeURIComponent(key.value));
    return {
      url: path + (search ? `?${search}` : ''),
      key: callable.key ? key.value : undefined,
      query: values,
      body: body?.get(),
      items: items?.value.split('\n').filter(l => l.trim()).map((l, i) => {
        try {
          return JSON.parse(l) as unknown;
        } catch (error) {
          throw new Error(`line ${i + 1}: ${(error as Error).message}`);
        }
      }),
    };
  };

  let turn = 0;
  const changed = (): void => {
    replaceQuery('console', [], { service: callable.service, version: callable.version === 1 ? null : String(callable.version), method: callable.name, key: key.value });
    problem.hidden = true;
    const mine = ++turn;
    let now: Call;
    try {
      now = read();
    } catch {
      // Half a number is no mistake while it is being written.
      lines.replaceChildren(h('p', { class: 'hint' }, 'Fill in what the call needs to see it as a line for curl and grpcurl.'));
      return;
    }
    lines.querySelector(':scope > .hint')?.remove();
    const origin = location.origin + base;
    shell(lines, 'curl', curl(callable, now, origin), app);
    grpcName(callable).then(name => {
      if (mine === turn) shell(lines, 'grpcurl', grpcurl(callable, now, catalog, name, new URL(location.href)), app);
    }, () => undefined);
  };

  const call = async (): Promise<void> => {
    let now: Call;
    try {
      now = read();
    } catch (error) {
      setText(problem, (error as Error).message);
      problem.hidden = false;
      return;
    }
    if (destructive.test(callable.name) && !confirm(`${callable.id} of ${now.key ?? 'the service'} in the live cluster?`)) return;
    abort?.abort();
    const mine = (abort = new AbortController());
    started(mine);
    submit.disabled = true;
    stop.disabled = false;
    output.replaceChildren();
    problem.hidden = true;
    const state = badge('waiting', 'plain');
    const took = h('span');
    const trace = h('span');
    status.replaceChildren(state, took, trace);
    let seen = 0;
    let kept: string[] = [];
    try {
      await send(now, callable.streams, {
        began(code, text, traceId, ms) {
          setBadge(state, `${code} ${text}`.trim(), code < 300 ? 'good' : 'bad');
          setText(took, duration(ms));
          if (traceId) showTrace(traceId);
        },
        async lines(texts) {
          const start = performance.now();
          seen += texts.length;
          kept = [...kept, ...texts].slice(-mostLines);
          output.textContent = kept.join('\n');
          output.scrollTop = output.scrollHeight;
          setText(took, plural(seen, 'line'));
          // Thirty times a second is as fast as anybody reads; a page to which that is work keeps most of its time for who presses Stop.
          await new Promise(resolve => setTimeout(resolve, Math.max(33, 4 * (performance.now() - start))));
        },
        answer(text, type) {
          output.textContent = text === '' ? '(no content)' : type.includes('json') ? pretty(text) : text;
          const traceId = /"traceId":"([0-9a-f]{32})"/.exec(text)?.[1];
          if (traceId) showTrace(traceId);
        },
        ended(ms, aborted) {
          setText(took, `${duration(ms)}${seen > 0 ? `, ${plural(seen, 'line')}` : ''}${aborted ? ', stopped' : ''}`);
        },
      }, mine.signal);
    } catch (error) {
      setBadge(state, 'failed', 'bad');
      setText(problem, explain(error));
      problem.hidden = false;
    } finally {
      if (abort === mine) {
        submit.disabled = false;
        stop.disabled = true;
      }
    }

    function showTrace(id: string): void {
      trace.replaceChildren('trace ', h('a', { class: 'mono', href: traceHref(id) }, id), copyButton('trace id', () => id, app.announce));
    }
  };

  append(form, [h('div', { class: 'filters' }, field('Service', service), field('Method', method), keyField), about, inputs, problem, h('div', { class: 'buttons' }, submit, stop)]);
  const first = services.find(s => s === (wanted.version && wanted.version !== '1' ? `${wanted.service} v${wanted.version}` : wanted.service)) ?? services[0]!;
  service.value = first;
  const element = h('div', { class: 'columns' }, h('section', { class: 'panel', 'aria-label': 'Call' }, form), h('div', {}, h('section', { class: 'panel', 'aria-label': 'Result' }, h('h2', {}, 'Answer'), status, output), h('section', { class: 'panel', 'aria-label': 'From a shell' }, h('h2', {}, 'From a shell'), lines)));
  fillMethods(wanted.method);
  return element;
}

function shell(parent: HTMLElement, program: string, text: string, app: App): void {
  let block = parent.querySelector(`[data-program="${program}"]`);
  if (!block) {
    block = h('div', { class: 'shell-line', 'data-program': program });
    parent.append(block);
  }
  if (block.querySelector('pre')?.textContent === text) return;
  block.replaceChildren(h('div', { class: 'bar' }, h('h3', {}, program), copyButton(`${program} line`, () => text, app.announce)), h('pre', { tabindex: 0, role: 'group', 'aria-label': `${program} line` }, text));
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
