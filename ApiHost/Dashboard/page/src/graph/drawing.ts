// The drawing of who calls whom: it can be moved, made larger, and walked through with the arrow keys.

import { h, setAttribute, setClass, setText, svg } from '../dom';
import { duration, rate } from '../format';
import { edgeId, layout, nodeHeight, nodeWidth, type Layout, type Place } from './layout';
import type { Graph, GraphEdge, GraphNode } from '../types';

interface NodeParts {
  group: SVGGElement;
  label: SVGTextElement;
  numbers: SVGTextElement;
}

const margin = 16;

// Below this the names have less than nine pixels.
const readable = 0.7;

export class Drawing {
  readonly element: HTMLElement;
  private readonly edges = svg('g');
  private readonly nodes = svg('g');
  private readonly picture: SVGSVGElement;
  private readonly nodeParts = new Map<string, NodeParts>();
  private readonly edgeParts = new Map<string, SVGPathElement>();
  private shape = '';
  private layout: Layout = { places: new Map(), layers: [], lanes: new Map(), width: 1, height: 1 };
  private graph: Graph = { nodes: [], edges: [] };
  private current: string | null = null;
  private box = { x: 0, y: 0, width: 1, height: 1 };

  constructor(private readonly selected: (node: GraphNode | null) => void) {
    this.picture = svg('svg', { role: 'group', 'aria-label': 'Who calls whom. Arrow keys go from node to node.' },
      svg('defs', {}, svg('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: 'userSpaceOnUse', orient: 'auto' }, svg('path', { d: 'M0 0L8 4L0 8z', class: 'arrowhead' }))),
      this.edges, this.nodes);
    this.element = h('div', { class: 'graph' },
      h('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' },
        h('button', { type: 'button', 'aria-label': 'Larger', click: () => this.zoom(1 / 1.3) }, '+'),
        h('button', { type: 'button', 'aria-label': 'Smaller', click: () => this.zoom(1.3) }, '−'),
        h('button', { type: 'button', click: () => this.fit(true) }, 'All')),
      this.picture);
    this.listen();
  }

  show(graph: Graph): void {
    this.graph = graph;
    const shape = `${graph.nodes.map(n => n.id).sort().join('\n')}\n\n${graph.edges.map(e => edgeId(e)).sort().join('\n')}`;
    if (shape !== this.shape) {
      this.shape = shape;
      this.arrange();
    }
    const most = Math.max(1, ...graph.edges.map(e => e.callsPerSecond ?? 0));
    for (const node of graph.nodes) this.fillNode(node);
    for (const edge of graph.edges) this.fillEdge(edge, most);
  }

  private arrange(): void {
    const { nodes, edges } = this.graph;
    const rank = { gateway: 0, service: 1, grain: 2 };
    const ids = [...nodes].sort((a, b) => rank[a.kind] - rank[b.kind] || (a.label < b.label ? -1 : 1)).map(n => n.id);
    this.layout = layout(ids, edges);
    const wanted = new Set(ids);
    for (const [id, parts] of this.nodeParts) {
      if (wanted.has(id)) continue;
      parts.group.remove();
      this.nodeParts.delete(id);
    }
    const wantedEdges = new Set(edges.map(edgeId));
    for (const [id, path] of this.edgeParts) {
      if (wantedEdges.has(id)) continue;
      path.remove();
      this.edgeParts.delete(id);
    }
    for (const id of ids) this.placeNode(id);
    for (const edge of edges) this.placeEdge(edge);
    if (this.current && !wanted.has(this.current)) this.select(null);
    const first = ids[0];
    for (const [id, { group }] of this.nodeParts) setAttribute(group, 'tabindex', id === (this.current ?? first) ? 0 : -1);
    this.fit(false);
  }

  private placeNode(id: string): void {
    let parts = this.nodeParts.get(id);
    if (!parts) {
      const label = svg('text', { x: 12, y: 19, class: 'label' });
      const numbers = svg('text', { x: 12, y: 36, class: 'numbers' });
      const group = svg('g', { role: 'button', tabindex: -1, 'data-id': id }, svg('rect', { width: nodeWidth, height: nodeHeight, rx: 8 }), label, numbers);
      parts = { group, label, numbers };
      this.nodeParts.set(id, parts);
      this.nodes.append(group);
    }
    const { x, y } = this.layout.places.get(id)!;
    setAttribute(parts.group, 'transform', `translate(${x} ${y})`);
  }

  private placeEdge(edge: GraphEdge): void {
    const from = this.layout.places.get(edge.from);
    const to = this.layout.places.get(edge.to);
    if (!from || !to) return;
    const id = edgeId(edge);
    let path = this.edgeParts.get(id);
    if (!path) {
      path = svg('path', { 'marker-end': 'url(#arrow)' }, svg('title'));
      this.edgeParts.set(id, path);
      this.edges.append(path);
    }
    setAttribute(path, 'd', to.layer > from.layer ? this.forward(edge, from, to) : backward(from, to));
  }

  private forward(edge: GraphEdge, from: Place, to: Place): string {
    let x = from.x + nodeWidth;
    let y = from.y + nodeHeight / 2;
    let d = `M${x} ${y}`;
    const stops = [...(this.layout.lanes.get(edgeId(edge)) ?? []), { x: to.x - 2, y: to.y + nodeHeight / 2 }];
    stops.forEach((stop, i) => {
      const bend = (stop.x - x) / 2;
      d += `C${x + bend} ${y},${stop.x - bend} ${stop.y},${stop.x} ${stop.y}`;
      ({ x, y } = stop);
      if (i < stops.length - 1) d += `H${(x += nodeWidth)}`;
    });
    return d;
  }

  private fillNode(node: GraphNode): void {
    const parts = this.nodeParts.get(node.id);
    if (!parts) return;
    const failing = (node.errorsPerSecond ?? 0) > 0;
    setText(parts.label, node.label.length > 25 ? `${node.label.slice(0, 24)}…` : node.label);
    setText(parts.numbers, `${failing ? '▲ ' : ''}${rate(node.callsPerSecond)} · p99 ${duration(node.p99)}`);
    setAttribute(parts.group, 'aria-description', describe(node));
    setAttribute(parts.group, 'aria-pressed', this.current === node.id ? 'true' : 'false');
    setClass(parts.group, `node ${node.kind}${failing ? ' failing' : ''}${this.current === null || this.isNear(node.id) ? '' : ' far'}${this.current === node.id ? ' current' : ''}`);
  }

  private fillEdge(edge: GraphEdge, most: number): void {
    const path = this.edgeParts.get(edgeId(edge));
    if (!path) return;
    setAttribute(path, 'stroke-width', (1 + 5 * Math.sqrt((edge.callsPerSecond ?? 0) / most)).toFixed(1));
    setClass(path, `edge${(edge.errorsPerSecond ?? 0) > 0 ? ' failing' : ''}${this.current === null || edge.from === this.current || edge.to === this.current ? '' : ' far'}`);
    setText(path.firstElementChild!, `${edge.from} → ${edge.to}: ${rate(edge.callsPerSecond)}, p99 ${duration(edge.p99)}`);
  }

  private isNear(id: string): boolean {
    return id === this.current || this.graph.edges.some(e => (e.from === this.current && e.to === id) || (e.to === this.current && e.from === id));
  }

  private select(id: string | null): void {
    this.current = id;
    this.selected(this.graph.nodes.find(n => n.id === id) ?? null);
    this.show(this.graph);
  }

  private focus(id: string | undefined): void {
    const parts = id === undefined ? undefined : this.nodeParts.get(id);
    if (!parts) return;
    for (const { group } of this.nodeParts.values()) setAttribute(group, 'tabindex', -1);
    setAttribute(parts.group, 'tabindex', 0);
    parts.group.focus();
    this.reveal(id!);
  }

  private neighbour(id: string, key: string): string | undefined {
    const place = this.layout.places.get(id)!;
    const layer = this.layout.layers[place.layer]!;
    switch (key) {
      case 'ArrowUp': return layer[place.index - 1];
      case 'ArrowDown': return layer[place.index + 1];
      case 'ArrowRight': return busiest(this.graph.edges.filter(e => e.from === id && e.to !== id))?.to ?? this.layout.layers[place.layer + 1]?.[0];
      case 'ArrowLeft': return busiest(this.graph.edges.filter(e => e.to === id && e.from !== id))?.from ?? this.layout.layers[place.layer - 1]?.[0];
      default: return undefined;
    }
  }

  private listen(): void {
    const idOf = (event: Event): string | null => (event.target as Element).closest('[data-id]')?.getAttribute('data-id') ?? null;
    this.picture.addEventListener('keydown', event => {
      const id = idOf(event);
      if (event.key === '+' || event.key === '=') this.zoom(1 / 1.3);
      else if (event.key === '-') this.zoom(1.3);
      else if (event.key === '0') this.fit(true);
      else if (event.key === 'Escape') this.select(null);
      else if (id && (event.key === 'Enter' || event.key === ' ')) this.select(this.current === id ? null : id);
      else if (id && event.key.startsWith('Arrow')) this.focus(this.neighbour(id, event.key));
      else return;
      event.preventDefault();
    });

    let drag: { x: number; y: number; moved: boolean } | null = null;
    this.picture.addEventListener('pointerdown', event => {
      drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    this.picture.addEventListener('pointermove', event => {
      if (!drag || event.buttons === 0) return;
      const unit = this.box.width / this.picture.clientWidth;
      const dx = event.clientX - drag.x;
      const dy = event.clientY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag = { x: event.clientX, y: event.clientY, moved: true };
      this.see({ ...this.box, x: this.box.x - dx * unit, y: this.box.y - dy * unit });
    });
    this.picture.addEventListener('click', event => {
      if (!drag?.moved) {
        const id = idOf(event);
        this.select(id === this.current ? null : id);
      }
      drag = null;
    });
    // The wheel alone scrolls the page; with Ctrl, as a pinch comes too, it zooms.
    this.picture.addEventListener('wheel', event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
  }

  private zoom(factor: number): void {
    const { x, y, width, height } = this.box;
    const scaled = Math.min(Math.max(width * factor, nodeWidth), 4 * (this.layout.width + 2 * margin));
    const by = scaled / width;
    this.see({ x: x + (width - scaled) / 2, y: y + (height * (1 - by)) / 2, width: scaled, height: height * by });
  }

  /** Shows all of it; where that would be too small to read, the beginning, unless all is asked for. */
  private fit(all: boolean): void {
    const whole = { x: -margin, y: -margin, width: this.layout.width + 2 * margin, height: this.layout.height + 3 * margin };
    const { clientWidth: wide, clientHeight: high } = this.picture;
    const scale = Math.min(wide / whole.width, high / whole.height);
    if (all || wide === 0 || scale >= readable) this.see(whole);
    else this.see({ x: -margin, y: (this.layout.height - high / readable) / 2, width: wide / readable, height: high / readable });
  }

  private reveal(id: string): void {
    const { x, y } = this.layout.places.get(id)!;
    const { box } = this;
    const left = Math.min(Math.max(box.x, x + nodeWidth + margin - box.width), x - margin);
    const top = Math.min(Math.max(box.y, y + nodeHeight + margin - box.height), y - margin);
    if (left !== box.x || top !== box.y) this.see({ ...box, x: left, y: top });
  }

  private see(box: { x: number; y: number; width: number; height: number }): void {
    this.box = box;
    setAttribute(this.picture, 'viewBox', `${box.x} ${box.y} ${box.width} ${box.height}`);
  }
}

/** What calls back, or itself, goes around below. */
function backward(from: Place, to: Place): string {
  const low = Math.max(from.y, to.y) + nodeHeight + 40;
  const start = from.x + nodeWidth / 2 + 12;
  const end = to.x + nodeWidth / 2 - 12;
  return `M${start} ${from.y + nodeHeight}C${start} ${low},${end} ${low},${end} ${to.y + nodeHeight + 2}`;
}

const busiest = (edges: GraphEdge[]): GraphEdge | undefined => edges.reduce<GraphEdge | undefined>((best, e) => (!best || (e.callsPerSecond ?? 0) > (best.callsPerSecond ?? 0) ? e : best), undefined);

const describe = (node: GraphNode): string => `${node.kind} ${node.label}, ${rate(node.errorsPerSecond)} errors${node.owner ? `, owner ${node.owner}` : ''}`;
