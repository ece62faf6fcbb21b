// A form made from a schema. What it has no fields for (maps, unions, very deep types) is written as JSON.

import { append, h } from '../dom';
import type { Catalog, Schema } from './methods';

export interface Editor {
  readonly element: HTMLElement;

  /** The value; undefined when it is left out. Throws an Error that names the field when the text is not of the type. */
  get(): unknown;
  set(value: unknown): void;
}

const deepest = 5;
let ids = 0;

/** An editor for a value of the schema. */
export function editor(catalog: Catalog, schema: Schema, name: string, required: boolean, depth = 0): Editor {
  const resolved = catalog.resolve(schema);
  const types = ([] as string[]).concat(resolved.type ?? []);
  const type = types.find(t => t !== 'null');
  const optional = !required || types.includes('null');
  if (resolved.oneOf || resolved.anyOf || depth > deepest) return json(name, resolved, optional);
  if (resolved.enum) return choice(name, resolved, resolved.enum, optional);
  switch (type) {
    case 'object':
      return resolved.properties && typeof resolved.additionalProperties !== 'object' ? object(catalog, name, resolved, optional, depth) : json(name, resolved, optional);
    case 'array':
      return resolved.items ? list(catalog, name, resolved, resolved.items, optional, depth) : json(name, resolved, optional);
    case 'boolean':
      return choice(name, resolved, ['true', 'false'], optional, value => value === 'true');
    case 'integer':
    case 'number':
      return numberField(name, resolved, type, optional);
    case 'string':
      return text(name, resolved, optional);
    default:
      return json(name, resolved, optional);
  }
}

function labelled(name: string, control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement, schema: Schema, optional: boolean, kind: string): HTMLElement {
  control.id = `v-${++ids}`;
  if (!optional) control.required = true;
  const hint = h('span', { class: 'hint', id: `${control.id}-hint` }, [kind, optional ? 'may be left out' : '', schema.description ?? ''].filter(Boolean).join(' · '));
  control.setAttribute('aria-describedby', hint.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, name), control, hint);
}

function text(name: string, schema: Schema, optional: boolean): Editor {
  const moment = schema.format === 'date-time';
  const input = h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: moment ? '2026-01-01T00:00:00Z' : null, value: moment && !optional ? new Date().toISOString() : '' });
  const element = labelled(name, input, schema, optional, schema.format === 'byte' ? 'base64' : schema.format ?? 'text');
  // An empty text is a text: only what may be left out is left out.
  input.required = !optional && schema.minLength !== undefined;
  return { element, get: () => (input.value === '' && optional ? undefined : input.value), set: value => (input.value = value === undefined || value === null ? '' : String(value)) };
}

function numberField(name: string, schema: Schema, type: string, optional: boolean): Editor {
  const input = h('input', { type: 'text', inputmode: type === 'integer' ? 'numeric' : 'decimal', autocomplete: 'off', pattern: type === 'integer' ? '[+\\-]?[0-9]+' : '[+\\-]?([0-9]*[.])?[0-9]+([eE][+\\-]?[0-9]+)?|NaN|-?Infinity' });
  return {
    element: labelled(name, input, schema, optional, schema.format ?? type),
    get() {
      const value = input.value.trim();
      if (value === '') {
        if (optional) return undefined;
        throw new Error(`${name}: write a number`);
      }
      const number = Number(value);
      // JavaScript would round what has more than 53 bits; the host takes it as a string too.
      if (!Number.isFinite(number) || (type === 'integer' && !Number.isSafeInteger(number))) {
        if (/^[+-]?\d+$/.test(value) || /^(NaN|-?Infinity)$/.test(value)) return value;
        throw new Error(`${name}: "${value}" is not a number`);
      }
      return number;
    },
    set: value => (input.value = value === undefined || value === null ? '' : String(value)),
  };
}

function choice(name: string, schema: Schema, values: string[], optional: boolean, read: (value: string) => unknown = v => v): Editor {
  const select = h('select', {}, optional ? h('option', { value: '' }, '–') : null, ...values.map(v => h('option', { value: v }, v)));
  return { element: labelled(name, select, schema, optional, 'one of'), get: () => (select.value === '' ? undefined : read(select.value)), set: value => (select.value = value === undefined || value === null ? '' : String(value)) };
}

function json(name: string, schema: Schema, optional: boolean): Editor {
  const area = h('textarea', { rows: 3, spellcheck: 'false', class: 'mono' });
  return {
    element: labelled(name, area, schema, optional, 'JSON'),
    get() {
      if (area.value.trim() === '') return undefined;
      try {
        return JSON.parse(area.value) as unknown;
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    },
    set: value => (area.value = value === undefined ? '' : JSON.stringify(value, null, 2)),
  };
}

function object(catalog: Catalog, name: string, schema: Schema, optional: boolean, depth: number): Editor {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([member, of]) => [member, editor(catalog, of, member, required.has(member), depth + 1)] as const);
  const element = h('fieldset', { class: depth === 0 ? 'plain' : null }, h('legend', {}, name), ...members.map(([, e]) => e.element));
  // Required fields of something that may be left out do not hold up the form.
  if (optional && depth > 0) for (const control of element.querySelectorAll<HTMLInputElement>('[required]')) control.required = false;
  return {
    element,
    get() {
      const value: Record<string, unknown> = {};
      if (optional && depth > 0 && [...element.querySelectorAll<HTMLInputElement>('input, select, textarea')].every(c => c.value === '')) return undefined;
      for (const [member, e] of members) {
        const inner = e.get();
        if (inner !== undefined) value[member] = inner;
      }
      return optional && depth > 0 && Object.keys(value).length === 0 ? undefined : value;
    },
    set(value) {
      const given = (value ?? {}) as Record<string, unknown>;
      for (const [member, e] of members) e.set(given[member]);
    },
  };
}

function list(catalog: Catalog, name: string, schema: Schema, items: Schema, optional: boolean, depth: number): Editor {
  const rows: { element: HTMLElement; editor: Editor }[] = [];
  const body = h('div', { class: 'rows' });
  const add = (value?: unknown): void => {
    const inner = editor(catalog, items, `${name} ${rows.length + 1}`, true, depth + 1);
    if (value !== undefined) inner.set(value);
    const row = { editor: inner, element: h('div', { class: 'row' }, inner.element, h('button', { type: 'button', class: 'small', 'aria-label': `Remove ${name} ${rows.length + 1}`, click: () => {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
    } }, 'Remove')) };
    rows.push(row);
    body.append(row.element);
  };
  const element = h('fieldset', {}, h('legend', {}, name), schema.description ? h('span', { class: 'hint' }, schema.description) : null);
  append(element, [body, h('button', { type: 'button', class: 'small', click: () => add() }, `Add to ${name}`)]);
  if (!optional) add();
  return {
    element,
    get: () => (optional && rows.length === 0 ? undefined : rows.map(r => r.editor.get())),
    set(value) {
      for (const row of rows.splice(0)) row.element.remove();
      for (const item of Array.isArray(value) ? value : []) add(item);
    },
  };
}
