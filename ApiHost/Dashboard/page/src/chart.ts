// Lines over time. uPlot draws; the legend is ours: it is text, says the values under the pointer, and the newest otherwise.

import uPlot from 'uplot';
import { h, setText } from './dom';
import { colour, onTheme } from './theme';
import type { ClusterEvent } from './types';

export interface Line {
  label: string;
  variable: string;
  format: (value: number | null | undefined) => string;
  dash?: number[];
  fill?: boolean;
}

export interface Chart {
  readonly element: HTMLElement;
  draw(at: number[], columns: (number | null)[][], marks: ClusterEvent[]): void;
  dispose(): void;
}

// Of a logarithmic axis, the powers of ten: all ten lines of each would be a fence.
const decades = (_: uPlot, splits: number[]): (number | null)[] => splits.map(s => (Number.isInteger(Math.round(Math.log10(s) * 1e6) / 1e6) ? s : null));

const height = 190;
const shown = 15 * 60_000;

export function chart(title: string, lines: Line[], options: { logarithmic?: boolean } = {}): Chart {
  const values = lines.map(() => h('span', { class: 'value' }));
  const legend = h('div', { class: 'legend' }, ...lines.map((line, i) => h('span', {}, swatch(line), line.label, ' ', values[i])));
  const canvas = h('div', { class: 'canvas', role: 'img' });
  const element = h('figure', { class: 'chart' }, h('figcaption', {}, h('span', { class: 'title' }, title), legend), canvas);
  let marks: ClusterEvent[] = [];
  let plot: uPlot | null = null;
  let data: uPlot.AlignedData = [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData;
  let hovering = false;

  const axis = { stroke: () => colour('--muted'), grid: { stroke: () => colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const make = (width: number): uPlot => new uPlot({
    width,
    height,
    ms: 1,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    padding: [8, 6, 0, 0],
    scales: {
      x: { time: true, range: (_, min, max) => [Math.max(min, max - shown), max] },
      y: options.logarithmic ? { distr: 3, range: (_, min, max) => [Math.max(0.01, Math.min(min, 1)), Math.max(10, max * 1.3)] } : { range: (_, _min, max) => [0, Math.max(1, max * 1.15)] },
    },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, splits, _axis, _space, step) => splits.map(s => new Date(s).toTimeString().slice(0, step < 60_000 ? 8 : 5)) },
      { ...axis, ...(options.logarithmic ? { filter: decades, grid: { ...axis.grid, filter: decades } } : {}), size: 58, space: 34, values: (_, splits) => splits.map(s => (s === null ? '' : lines[0]!.format(s))) },
    ],
    series: [{}, ...lines.map(line => ({ stroke: () => colour(line.variable), width: 1.75, dash: line.dash, fill: line.fill ? () => colour(`${line.variable}-soft`) : undefined, points: { show: false }, spanGaps: true }))],
    hooks: {
      draw: [drawMarks],
      setCursor: [u => {
        hovering = u.cursor.idx !== null && u.cursor.idx !== undefined && (u.cursor.left ?? -1) >= 0;
        showValues(hovering ? u.cursor.idx! : undefined);
      }],
    },
  }, data, canvas);

  function drawMarks(u: uPlot): void {
    const { ctx, bbox } = u;
    const min = u.scales.x!.min ?? 0;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of marks) {
      if (mark.at < min || (mark.severity !== 'bad' && mark.severity !== 'warning')) continue;
      const x = Math.round(u.valToPos(mark.at, 'x', true));
      ctx.strokeStyle = colour(mark.severity === 'bad' ? '--bad' : '--warning');
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  function showValues(index?: number): void {
    const at = index ?? data[0].length - 1;
    lines.forEach((line, i) => setText(values[i]!, line.format(data[i + 1]?.[at])));
  }

  const resize = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry!.contentRect.width);
    if (width <= 0) return;
    if (plot) plot.setSize({ width, height });
    else plot = make(width);
  });
  resize.observe(canvas);
  const stopTheme = onTheme(() => plot?.redraw(false, true));

  return {
    element,
    draw(at, columns, events) {
      marks = events;
      data = [at, ...columns] as uPlot.AlignedData;
      plot?.setData(data);
      if (!hovering) showValues();
      canvas.setAttribute('aria-label', `${title}, last quarter of an hour; now ${lines.map((line, i) => `${line.label} ${line.format(columns[i]?.at(-1))}`).join(', ')}`);
    },
    dispose() {
      resize.disconnect();
      stopTheme();
      plot?.destroy();
    },
  };
}

function swatch(line: Line): HTMLElement {
  const mark = h('i', { class: `swatch${line.dash ? ' dashed' : ''}`, 'aria-hidden': 'true' });
  mark.style.color = `var(${line.variable})`;
  return mark;
}

/** A small line without axes, for a cell of a table. Its numbers stand beside it, so it says nothing to screen readers. */
export function sparkline(canvas: HTMLCanvasElement, values: (number | null)[]): void {
  const ratio = devicePixelRatio;
  const width = 96;
  const tall = 22;
  if (canvas.width !== width * ratio) {
    canvas.width = width * ratio;
    canvas.height = tall * ratio;
  }
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const most = Math.max(1e-9, ...values.map(v => v ?? 0));
  context.strokeStyle = colour('--c1');
  context.lineWidth = 1.25 * ratio;
  context.beginPath();
  const step = (canvas.width - 2 * ratio) / 59;
  values.forEach((value, i) => {
    const x = canvas.width - ratio - (values.length - 1 - i) * step;
    const y = canvas.height - ratio - ((value ?? 0) / most) * (canvas.height - 3 * ratio);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.stroke();
}
