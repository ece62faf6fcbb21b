// Elements, without markup in strings: nothing the cluster says is ever read as HTML.

export type Child = Node | string | null | undefined | false;

type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

const svgNamespace = 'http://www.w3.org/2000/svg';

function apply(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value as EventListener);
    else setAttribute(element, name, value);
  }
  append(element, children);
}

/** An element; attributes that are functions are listeners of the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes, children);
  return element;
}

/** An element of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(svgNamespace, tag);
  apply(element, attributes, children);
  return element;
}

export function append(parent: Element, children: Child[]): void {
  for (const child of children) if (child) parent.append(child);
}

/** Writes only what is different: a tick that changes nothing costs no layout. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | number | boolean | null | undefined): void {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function setClass(element: Element, name: string): void {
  if (element.getAttribute('class') !== name) element.setAttribute('class', name);
}

/** A part of the page with a heading. */
export function section(title: string, ...children: Child[]): HTMLElement {
  const heading = h('h2', { id: `s-${++sections}` }, title);
  return h('section', { 'aria-labelledby': heading.id, class: 'panel' }, heading, ...children);
}

let sections = 0;

/** Name and value pairs. */
export function facts(pairs: [string, Child][]): HTMLElement {
  return h('dl', { class: 'facts' }, ...pairs.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** A field with its label. */
export function field(label: string, control: HTMLElement, hint?: Child): HTMLElement {
  control.id ||= `f-${++fields}`;
  const description = hint ? h('span', { class: 'hint', id: `${control.id}-hint` }, hint) : null;
  if (description) control.setAttribute('aria-describedby', description.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, description);
}

let fields = 0;

/** Keeps as many children as there are items; each is made once and then only updated. */
export function reconcile<T>(parent: Element, items: readonly T[], make: (item: T) => Element, update: (element: Element, item: T) => void): void {
  while (parent.children.length > items.length) parent.lastElementChild!.remove();
  items.forEach((item, index) => {
    const existing = parent.children[index];
    if (existing) update(existing, item);
    else {
      const made = make(item);
      parent.append(made);
      update(made, item);
    }
  });
}
