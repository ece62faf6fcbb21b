// What holds calls back, for each gateway: limits, shedding, bulkheads, breakers; and what is done twice.

import { facts, h, reconcile, setText } from '../dom';
import { count, duration, exactly, percent, rate, time, unknown } from '../format';
import { DataTable } from '../table';
import { badge, badgeCell, setBadge, type Tone } from '../cells';
import { ask, explain } from '../api';
import type { MakeView } from '../app';
import type { Breaker, GatewayLimits } from '../types';

export const limitsView: MakeView = app => {
  const hint = h('p', { class: 'hint', role: 'status' }, 'Reading …');
  const list = h('div');
  return {
    title: 'Limits',
    feed: 'view=limits',
    topics: ['limits'],
    element: h('div', {}, h('h1', { tabindex: -1 }, 'Limits'), hint, list),
    render() {
      const data = app.store.get('limits');
      if (!data) return;
      const here = app.store.get('overview')?.gateways.find(g => g.here)?.name ?? (data.gateways.length === 1 ? data.gateways[0]!.name : undefined);
      setText(hint, data.gateways.length === 0 ? 'No gateway has reported.' : '');
      reconcile(list, data.gateways, gatewayPanel, (panel, gateway) => (panel as Panel).show!(gateway, gateway.name === here));
    },
  };
};

type Panel = HTMLElement & { show?: (gateway: GatewayLimits, here: boolean) => void };
type RateLimit = NonNullable<GatewayLimits['rateLimits']>[number];
type Bulkhead = NonNullable<GatewayLimits['bulkheads']>[number];

const tones: Record<Breaker['state'], Tone> = { closed: 'good', 'half-open': 'warning', open: 'bad' };

function gatewayPanel(): HTMLElement {
  const title = h('h2');
  const where = badge('', 'plain');
  const shedding = badge('', 'plain');
  const redis = badge('', 'plain');
  const names = ['Shedding', 'Limit', 'In flight', 'Waiting', 'Refused by load', 'Retries', 'Retries refused', 'Hedges', 'Hedges that won', 'Shared limits'] as const;
  const values = names.map(name => (name === 'Shedding' ? shedding : name === 'Shared limits' ? redis : h('span', {}, unknown)));
  const said = h('p', { role: 'status', class: 'hint' });
  let isHere = false;

  const limits = new DataTable<RateLimit>({
    caption: 'Rate limits',
    key: l => l.policy,
    sort: { by: 'policy' },
    empty: 'No rate limit was asked yet.',
    columns: [
      { id: 'policy', title: 'Policy', heading: true, value: l => l.policy, text: l => l.policy },
      { id: 'amount', title: 'Allows', value: l => l.tokens, text: l => (l.tokens === undefined ? unknown : `${exactly(l.tokens)}${l.periodMs ? ` per ${duration(l.periodMs)}` : ' at once'}`) },
      { id: 'burst', title: 'Burst', numeric: true, value: l => l.burst, text: l => exactly(l.burst) },
      { id: 'granted', title: 'Granted', numeric: true, value: l => l.grantedPerSecond, text: l => rate(l.grantedPerSecond) },
      { id: 'refused', title: 'Refused', numeric: true, value: l => l.refusedPerSecond, text: l => rate(l.refusedPerSecond) },
      { id: 'shared', title: 'Counted', value: l => (l.shared ? 1 : 0), text: l => (l.shared ? 'by all gateways' : 'by this gateway') },
    ],
    mark: l => ((l.refusedPerSecond ?? 0) > 0 ? 'marked' : ''),
  });
  const bulkheads = new DataTable<Bulkhead>({
    caption: 'Bulkheads',
    key: b => b.service,
    sort: { by: 'flight', descending: true },
    empty: 'No service has a bulkhead.',
    columns: [
      { id: 'service', title: 'Service', heading: true, value: b => b.service, text: b => b.service },
      { id: 'flight', title: 'In flight', numeric: true, value: b => b.inFlight, text: b => exactly(b.inFlight) },
      { id: 'limit', title: 'Limit', numeric: true, value: b => b.limit, text: b => exactly(b.limit) },
      { id: 'refused', title: 'Refused', numeric: true, value: b => b.refusedPerSecond, text: b => rate(b.refusedPerSecond) },
    ],
    mark: b => ((b.refusedPerSecond ?? 0) > 0 ? 'marked' : ''),
  });
  const reset = async (breaker: Breaker): Promise<void> => {
    try {
      await ask('POST', `/admin/breakers/${breaker.method.split('/').map(encodeURIComponent).join('/')}/reset`);
      setText(said, `${breaker.method} is closed again.`);
    } catch (error) {
      setText(said, explain(error));
    }
  };
  const breakers = new DataTable<Breaker>({
    caption: 'Circuit breakers',
    key: b => b.method,
    sort: { by: 'state', descending: true },
    empty: 'No method has a breaker.',
    columns: [
      { id: 'method', title: 'Method', heading: true, value: b => b.method, text: b => b.method },
      { id: 'state', title: 'State', value: b => ['closed', 'half-open', 'open'].indexOf(b.state), fill: (cell, b) => badgeCell(cell, b.state, tones[b.state] ?? 'plain') },
      { id: 'calls', title: 'Calls', numeric: true, value: b => b.calls, text: b => exactly(b.calls) },
      { id: 'failures', title: 'Failures', numeric: true, value: b => b.failures, text: b => (b.calls ? `${exactly(b.failures)} (${percent(((b.failures ?? 0) / b.calls) * 100)})` : exactly(b.failures)) },
      { id: 'since', title: 'Since', numeric: true, value: b => b.since, text: b => time(b.since) },
      { id: 'reset', title: 'Reset', fill: (cell, b) => resetCell(cell, b, isHere, reset) },
    ],
    mark: b => (b.state === 'closed' ? '' : 'marked'),
  });

  const panel: Panel = h('section', { class: 'panel' },
    h('div', { class: 'bar' }, title, where, said),
    facts(names.map((name, i) => [name, values[i]])),
    h('h3', {}, 'Rate limits'), limits.element,
    h('h3', {}, 'Circuit breakers'), breakers.element,
    h('h3', {}, 'Bulkheads'), bulkheads.element);
  panel.show = (gateway, here) => {
    isHere = here;
    setText(title, gateway.name);
    panel.setAttribute('aria-label', `Gateway ${gateway.name}`);
    setBadge(where, here ? 'this page is from it' : 'another gateway', here ? 'info' : 'plain');
    const shed = gateway.shedding;
    setBadge(shedding, shed?.active === undefined ? 'not known' : shed.active ? 'refuses calls' : 'takes all calls', shed?.active ? 'bad' : shed ? 'good' : 'plain');
    setBadge(redis, gateway.redisAway ? 'Redis is away: counted locally' : 'in force', gateway.redisAway ? 'warning' : 'good');
    const texts: Partial<Record<(typeof names)[number], string>> = {
      Limit: count(shed?.limit),
      'In flight': exactly(shed?.inFlight),
      Waiting: exactly(shed?.waiting),
      'Refused by load': rate(shed?.refusedPerSecond),
      Retries: rate(gateway.retries?.perSecond),
      'Retries refused': rate(gateway.retries?.refusedPerSecond),
      Hedges: rate(gateway.hedges?.perSecond),
      'Hedges that won': rate(gateway.hedges?.wonPerSecond),
    };
    names.forEach((name, i) => {
      const text = texts[name];
      if (text !== undefined) setText(values[i]!, text);
    });
    limits.set(gateway.rateLimits ?? []);
    bulkheads.set(gateway.bulkheads ?? []);
    breakers.set(gateway.breakers ?? []);
  };
  return panel;
}

// Breakers are each gateway's own, and only the one that serves this page can be asked from here.
function resetCell(cell: HTMLElement, breaker: Breaker, here: boolean, reset: (breaker: Breaker) => Promise<void>): void {
  const wanted = breaker.state === 'closed' ? '' : here ? breaker.method : 'elsewhere';
  if (cell.dataset.breaker === wanted) return;
  cell.dataset.breaker = wanted;
  if (wanted === '') cell.replaceChildren();
  else if (!here) cell.replaceChildren(h('span', { class: 'hint' }, 'on its own page'));
  else cell.replaceChildren(h('button', { type: 'button', class: 'small', 'aria-label': `Reset the breaker of ${breaker.method}`, click: () => void reset(breaker) }, 'Reset'));
}
