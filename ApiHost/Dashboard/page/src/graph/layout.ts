// Layers from left to right (Sugiyama, Tagawa, Toda 1981): cycles are broken, each node stands one layer behind the last that calls it, and the order in a layer follows the neighbours.

export interface Place {
  layer: number;
  index: number;
  x: number;
  y: number;
}

export interface Layout {
  places: Map<string, Place>;
  layers: string[][];
  width: number;
  height: number;
}

export const nodeWidth = 190;
export const nodeHeight = 46;
const columnGap = 110;
const rowGap = 18;
const sweeps = 6;

export function layout(nodes: readonly string[], edges: readonly { from: string; to: string }[]): Layout {
  const known = new Set(nodes);
  const out = new Map<string, string[]>(nodes.map(n => [n, []]));
  const into = new Map<string, string[]>(nodes.map(n => [n, []]));
  for (const { from, to } of edges) {
    if (!known.has(from) || !known.has(to) || from === to) continue;
    out.get(from)!.push(to);
    into.get(to)!.push(from);
  }

  const depth = depths(nodes, out, into);
  const layers: string[][] = [];
  for (const node of nodes) (layers[depth.get(node)!] ??= []).push(node);

  const position = new Map<string, number>();
  const number = (): void => layers.forEach(layer => layer.forEach((node, i) => position.set(node, i - layer.length / 2)));
  number();
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const forward = sweep % 2 === 0;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[forward ? i : layers.length - 1 - i]!;
      const weight = new Map(layer.map(node => [node, middle((forward ? into : out).get(node)!, position) ?? position.get(node)!]));
      layer.sort((a, b) => weight.get(a)! - weight.get(b)!);
      layer.forEach((node, j) => position.set(node, j - layer.length / 2));
    }
  }

  const tallest = Math.max(1, ...layers.map(l => l.length));
  const height = tallest * (nodeHeight + rowGap) - rowGap;
  const places = new Map<string, Place>();
  layers.forEach((layer, i) => {
    const top = (height - (layer.length * (nodeHeight + rowGap) - rowGap)) / 2;
    layer.forEach((node, j) => places.set(node, { layer: i, index: j, x: i * (nodeWidth + columnGap), y: top + j * (nodeHeight + rowGap) }));
  });
  return { places, layers, width: Math.max(1, layers.length) * (nodeWidth + columnGap) - columnGap, height };
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
