// Layers from left to right (Sugiyama, Tagawa, Toda 1981): cycles are broken, each node stands one layer behind the last that calls it, an edge over several layers has a lane of its own in each,
// and the order in a layer follows the neighbours.

export interface Place {
  layer: number;
  index: number;
  x: number;
  y: number;
}

export interface Layout {
  places: Map<string, Place>;
  layers: string[][];

  /** Where an edge goes through the layers between its ends: the middle of its lanes at their left side, by {@link edgeId}. */
  lanes: Map<string, { x: number; y: number }[]>;
  width: number;
  height: number;
}

interface Edge {
  from: string;
  to: string;
}

export const nodeWidth = 190;
export const nodeHeight = 46;
const laneHeight = 12;
const columnGap = 110;
const rowGap = 18;
const sweeps = 8;

export const edgeId = (edge: Edge): string => `${edge.from}\n${edge.to}`;

export function layout(nodes: readonly string[], edges: readonly Edge[]): Layout {
  const known = new Set(nodes);
  const real = edges.filter(e => known.has(e.from) && known.has(e.to) && e.from !== e.to);
  const depth = depths(nodes, neighbours(nodes, real, 'from', 'to'), neighbours(nodes, real, 'to', 'from'));

  // An edge that skips layers becomes a chain of short ones.
  const chains = new Map<string, string[]>();
  const all = [...nodes];
  const short: Edge[] = [];
  for (const edge of real) {
    const chain: string[] = [];
    for (let layer = depth.get(edge.from)! + 1; layer < depth.get(edge.to)!; layer++) {
      const lane = `${edgeId(edge)}\n${layer}`;
      depth.set(lane, layer);
      all.push(lane);
      chain.push(lane);
    }
    chains.set(edgeId(edge), chain);
    [edge.from, ...chain].forEach((from, i) => short.push({ from, to: chain[i] ?? edge.to }));
  }

  const out = neighbours(all, short, 'from', 'to');
  const into = neighbours(all, short, 'to', 'from');
  const rows: string[][] = [];
  for (const node of all) (rows[depth.get(node)!] ??= []).push(node);
  order(rows, out, into);

  const tall = (node: string): number => (known.has(node) ? nodeHeight : laneHeight);
  const sum = (row: string[]): number => row.reduce((total, node) => total + tall(node) + rowGap, -rowGap);
  const height = Math.max(nodeHeight, ...rows.map(sum));
  const places = new Map<string, Place>();
  const middles = new Map<string, { x: number; y: number }>();
  rows.forEach((row, layer) => {
    let y = (height - sum(row)) / 2;
    const x = layer * (nodeWidth + columnGap);
    let index = 0;
    for (const node of row) {
      if (known.has(node)) places.set(node, { layer, index: index++, x, y });
      else middles.set(node, { x, y: y + laneHeight / 2 });
      y += tall(node) + rowGap;
    }
  });
  return {
    places,
    layers: rows.map(row => row.filter(node => known.has(node))),
    lanes: new Map([...chains].map(([id, chain]) => [id, chain.map(lane => middles.get(lane)!)])),
    width: Math.max(1, rows.length) * (nodeWidth + columnGap) - columnGap,
    height,
  };
}

function neighbours(nodes: readonly string[], edges: readonly Edge[], of: keyof Edge, to: keyof Edge): Map<string, string[]> {
  const found = new Map<string, string[]>(nodes.map(n => [n, []]));
  for (const edge of edges) found.get(edge[of])!.push(edge[to]);
  return found;
}

/** Puts each node at the middle of its neighbours, from left to right and back, a few times. */
function order(rows: string[][], out: Map<string, string[]>, into: Map<string, string[]>): void {
  const position = new Map<string, number>();
  const number = (row: string[]): void => row.forEach((node, i) => position.set(node, i - (row.length - 1) / 2));
  rows.forEach(number);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const forward = sweep % 2 === 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[forward ? i : rows.length - 1 - i]!;
      const weight = new Map(row.map(node => [node, middle((forward ? into : out).get(node)!, position) ?? position.get(node)!]));
      row.sort((a, b) => weight.get(a)! - weight.get(b)!);
      number(row);
    }
  }
}

/** The longest way from a node that nobody calls; edges that would close a circle do not count. */
function depths(nodes: readonly string[], out: Map<string, string[]>, into: Map<string, string[]>): Map<string, number> {
  const finished = new Set<string>();
  const open = new Set<string>();
  const order: string[] = [];
  const back = new Set<string>();
  // Without recursion: a chain of calls may be longer than a stack.
  const roots = [...nodes].sort((a, b) => Math.sign(into.get(a)!.length) - Math.sign(into.get(b)!.length));
  for (const root of roots) {
    const path: { node: string; next: number }[] = finished.has(root) ? [] : [{ node: root, next: 0 }];
    open.add(root);
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const target = out.get(top.node)![top.next++];
      if (target === undefined) {
        path.pop();
        open.delete(top.node);
        finished.add(top.node);
        order.push(top.node);
      } else if (open.has(target)) {
        back.add(`${top.node}\n${target}`);
      } else if (!finished.has(target)) {
        open.add(target);
        path.push({ node: target, next: 0 });
      }
    }
    open.delete(root);
  }

  const depth = new Map<string, number>(nodes.map(n => [n, 0]));
  for (const node of order.reverse()) {
    for (const target of out.get(node)!) {
      if (!back.has(`${node}\n${target}`)) depth.set(target, Math.max(depth.get(target)!, depth.get(node)! + 1));
    }
  }
  return depth;
}

function middle(neighbours: string[], position: Map<string, number>): number | null {
  return neighbours.length === 0 ? null : neighbours.reduce((sum, n) => sum + position.get(n)!, 0) / neighbours.length;
}
