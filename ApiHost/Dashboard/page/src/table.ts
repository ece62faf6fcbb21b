// Tables of any length: the rows that are seen are in the document, and each is made once and then filled again. Sorting is a button in the header; rows keep their places while somebody points at them.

import { h, setAttribute, setClass, setText } from './dom';

export interface Column<T> {
  id: string;
  title: string;
  numeric?: boolean;

  /** What to sort by; without it the column cannot be. */
  value?: (row: T) => number | string | null | undefined;

  /** Its text, when that is all there is. */
  text?: (row: T) => string;

  /** Fills the cell otherwise; the cell may have been another row's. */
  fill?: (cell: HTMLTableCellElement, row: T) => void;

  /** Names the row to screen readers. */
  heading?: boolean;

  /** Has a class of the style sheet. */
  style?: string;
}

export interface TableOptions<T> {
  caption: string;
  columns: Column<T>[];
  key: (row: T) => string;
  sort?: { by: string; descending?: boolean };

  /** Said when there is none. */
  empty: string;

  /** A row's class. */
  mark?: (row: T) => string;
  sorted?: (by: string, descending: boolean) => void;
}

const rowHeight = 36;
const windowFrom = 80;
const spare = 6;

export class DataTable<T> {
  readonly element: HTMLElement;
  private readonly body = h('tbody');
  private readonly before = h('tr', { 'aria-hidden': 'true', class: 'space' }, h('td'));
  private readonly after = h('tr', { 'aria-hidden': 'true', class: 'space' }, h('td'));
  private readonly empty: HTMLElement;
  private readonly table: HTMLTableElement;
  private readonly headers = new Map<string, HTMLTableCellElement>();
  private readonly pool: HTMLTableRowElement[] = [];
  private rows: T[] = [];
  private order = new Map<string, number>();
  private by: string | null;
  private descending: boolean;
  private painting = false;

  constructor(private readonly options: TableOptions<T>) {
    this.by = options.sort?.by ?? null;
    this.descending = options.sort?.descending ?? false;
    const head = h('tr', {}, ...options.columns.map(column => {
      const cell = h('th', { scope: 'col', class: classOf(column) || null }, column.value
        ? h('button', { type: 'button', click: () => this.sortBy(column) }, column.title, h('span', { class: 'arrow', 'aria-hidden': 'true' }))
        : column.title);
      this.headers.set(column.id, cell);
      return cell;
    }));
    this.table = h('table', {}, h('caption', { class: 'unseen' }, options.caption), h('thead', {}, head), this.body);
    this.empty = h('p', { class: 'empty', hidden: true }, options.empty);
    this.element = h('div', { class: 'table', tabindex: 0, role: 'group', 'aria-label': options.caption, scroll: () => this.schedule() }, this.table, this.empty);
    this.showSort();
  }

  /** Shows these rows. */
  set(rows: readonly T[]): void {
    this.rows = [...rows];
    this.arrange(!this.isHeld());
    this.paint();
  }

  /** Draws the rows again, when something other than their values changed. */
  paint(): void {
    const { rows, options } = this;
    this.empty.hidden = rows.length > 0;
    this.table.hidden = rows.length === 0;
    setAttribute(this.table, 'aria-rowcount', rows.length + 1);
    let from = 0;
    let to = rows.length;
    if (rows.length > windowFrom) {
      from = Math.max(0, Math.min(Math.floor(this.element.scrollTop / rowHeight) - spare, rows.length - 1));
      to = Math.min(rows.length, from + Math.ceil((this.element.clientHeight || 600) / rowHeight) + 2 * spare);
    }
    const seen = to - from;
    if (this.pool.length > seen || this.pool.length < seen || this.body.childElementCount === 0) {
      while (this.pool.length < seen) this.pool.push(this.makeRow());
      this.pool.length = seen;
      this.body.replaceChildren(this.before, ...this.pool, this.after);
    }
    space(this.before, from, options.columns.length);
    space(this.after, rows.length - to, options.columns.length);
    for (let i = 0; i < seen; i++) this.fillRow(this.pool[i]!, rows[from + i]!, from + i);
  }

  private makeRow(): HTMLTableRowElement {
    return h('tr', {}, ...this.options.columns.map(column => (column.heading ? h('th', { scope: 'row', class: classOf(column) || null }) : h('td', { class: classOf(column) || null }))));
  }

  private fillRow(element: HTMLTableRowElement, row: T, index: number): void {
    setAttribute(element, 'aria-rowindex', index + 2);
    if (this.options.mark) setClass(element, this.options.mark(row));
    this.options.columns.forEach((column, i) => {
      const cell = element.cells[i]!;
      if (column.text) setText(cell, column.text(row));
      else column.fill?.(cell, row);
    });
  }

  // A row that jumps away under the pointer, or with the focus in it, is a row nobody can use.
  private isHeld(): boolean {
    return this.body.matches(':hover') || this.body.contains(document.activeElement);
  }

  private arrange(freely: boolean): void {
    const { key } = this.options;
    const column = this.options.columns.find(c => c.id === this.by);
    if (freely) {
      if (column?.value) this.rows.sort(compare(column.value, this.descending, key));
    } else {
      this.rows.sort((a, b) => (this.order.get(key(a)) ?? Infinity) - (this.order.get(key(b)) ?? Infinity) || 0);
    }
    this.order = new Map(this.rows.map((row, i) => [key(row), i]));
  }

  private sortBy(column: Column<T>): void {
    this.descending = this.by === column.id ? !this.descending : column.numeric === true;
    this.by = column.id;
    this.showSort();
    this.arrange(true);
    this.paint();
    this.options.sorted?.(column.id, this.descending);
  }

  private showSort(): void {
    for (const [id, cell] of this.headers) setAttribute(cell, 'aria-sort', id === this.by ? (this.descending ? 'descending' : 'ascending') : null);
  }

  private schedule(): void {
    if (this.painting || this.rows.length <= windowFrom) return;
    this.painting = true;
    requestAnimationFrame(() => {
      this.painting = false;
      this.paint();
    });
  }
}

function compare<T>(value: (row: T) => number | string | null | undefined, descending: boolean, key: (row: T) => string): (a: T, b: T) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const x = value(a);
    const y = value(b);
    // What is not known comes last, whichever way.
    if (x === y || (x ?? null) === (y ?? null)) return key(a) < key(b) ? -1 : 1;
    if (x === null || x === undefined) return 1;
    if (y === null || y === undefined) return -1;
    return (x < y ? -1 : 1) * sign;
  };
}

function space(row: HTMLTableRowElement, rows: number, columns: number): void {
  const cell = row.cells[0]!;
  const height = `${rows * rowHeight}px`;
  if (cell.style.height !== height) cell.style.height = height;
  if (cell.colSpan !== columns) cell.colSpan = columns;
  row.hidden = rows === 0;
}

const classOf = <T>(column: Column<T>): string => [column.numeric ? 'number' : '', column.style ?? ''].filter(Boolean).join(' ');
