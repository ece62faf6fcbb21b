// Who calls whom, as traffic shows it: a drawing, and the same as a table.

import { facts, h, setText } from '../dom';
import { duration, plural, rate, unknown } from '../format';
import { DataTable } from '../table';
import { Drawing } from '../graph/drawing';
import type { MakeView } from '../app';
import type { Graph, GraphEdge, GraphNode } from '../types';

const mostNodes = 80;

export const graphView: MakeView = app => {
  const summary = h('span', { class: 'hint', role: 'status' }, 'Reading …');
  const details = h('div', { class: 'details', 'aria-live': 'polite' });
  let chosen: string | null = null;
  const drawing = new Drawing(node => {
    chosen = node?.id ?? null;
    explainNode(node);
  });
  let labels = new Map<string, string>();
  const name = (id: string): string => labels.get(id) ?? id;
  const edges = new DataTable<GraphEdge>({
    caption: 'Who calls whom',
    key: e => `${e.from} ${e.to}`,
    sort: { by: 'calls', descending: true },
    empty: 'Nobody has called anybody in the last minutes.',
    columns: [
      { id: 'from', title: 'From', heading: true, value: e => name(e.from), text: e => name(e.from) },
      { id: 'to', title: 'To', value: e => name(e.to), text: e => name(e.to) },
      { id: 'calls', title: 'Calls', numeric: true, value: e => e.callsPerSecond, text: e => rate(e.callsPerSecond) },
      { id: 'errors', title: 'Errors', numeric: true, value: e => e.errorsPerSecond, text: e => rate(e.errorsPerSecond) },
      { id: 'p99', title: 'p99', numeric: true, value: e => e.p99, text: e => duration(e.p99) },
    ],
  });

  function explainNode(node: GraphNode | null): void {
    if (!node) {
      details.replaceChildren(h('p', { class: 'hint' }, 'Choose a node to see what it calls and who calls it. Keys: arrows, Enter, + and −, 0 for all.'));
      return;
    }
    const graph = app.store.get('graph');
    const callers = graph?.edges.filter(e => e.to === node.id).map(e => name(e.from)) ?? [];
    const called = graph?.edges.filter(e => e.from === node.id).map(e => name(e.to)) ?? [];
    details.replaceChildren(h('h3', {}, node.label), facts([
      ['Kind', node.kind], ['Owner', node.owner ?? unknown], ['Calls', rate(node.callsPerSecond)], ['Errors', rate(node.errorsPerSecond)], ['p99', duration(node.p99)],
      ['Called by', callers.join(', ') || 'nobody'], ['Calls on', called.join(', ') || 'nobody'],
    ]));
  }

  explainNode(null);
  return {
    title: 'Graph',
    feed: 'view=graph',
    topics: ['graph'],
    element: h('div', {},
      h('h1', { tabindex: -1 }, 'Graph'),
      h('section', { class: 'panel', 'aria-label': 'Drawing' }, h('ul', { class: 'kinds', 'aria-label': 'Kinds of nodes' }, ...['gateway', 'service', 'grain'].map(k => h('li', {}, h('i', { class: `swatch ${k}`, 'aria-hidden': 'true' }), k)), h('li', {}, summary)), drawing.element, details),
      h('section', { class: 'panel', 'aria-label': 'As a table' }, h('h2', {}, 'As a table'), edges.element)),
    render() {
      const graph = app.store.get('graph');
      if (!graph) return;
      labels = new Map(graph.nodes.map(n => [n.id, n.label]));
      const seen = busiestOf(graph);
      setText(summary, seen.nodes.length < graph.nodes.length ? `the ${mostNodes} busiest of ${plural(graph.nodes.length, 'node')}; the table has all` : `${plural(graph.nodes.length, 'node')}, ${plural(graph.edges.length, 'edge')}`);
      drawing.show(seen);
      edges.set(graph.edges);
      if (chosen && !seen.nodes.some(n => n.id === chosen)) explainNode(null);
    },
  };
};

function busiestOf(graph: Graph): Graph {
  if (graph.nodes.length <= mostNodes) return graph;
  const nodes = [...graph.nodes].sort((a, b) => Number(b.kind === 'gateway') - Number(a.kind === 'gateway') || (b.callsPerSecond ?? 0) - (a.callsPerSecond ?? 0)).slice(0, mostNodes);
  const kept = new Set(nodes.map(n => n.id));
  return { nodes, edges: graph.edges.filter(e => kept.has(e.from) && kept.has(e.to)) };
}
