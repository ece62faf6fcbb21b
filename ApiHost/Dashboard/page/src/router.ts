// Addresses of views: #/services?find=orders, #/grain/calculator%2Fa. Everything that can be linked to stands in the address.

export interface Route {
  view: string;
  rest: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', ...rest] = path.split('/').map(part => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { view: view || 'overview', rest, query: new URLSearchParams(query) };
}

export function href(view: string, rest: string[] = [], query: Record<string, string | null | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${[view, ...rest.map(encodeURIComponent)].join('/')}${text ? `?${text}` : ''}`;
}

/** The page of one grain. */
export const grainHref = (grain: string): string => href('grain', [grain]);

/** The log lines of one trace. */
export const traceHref = (traceId: string): string => href('logs', [], { text: traceId });

/** Writes the state of a view into the address, without a step in the history. */
export function replaceQuery(view: string, rest: string[], query: Record<string, string | null | undefined>): void {
  history.replaceState(null, '', `${location.pathname}${location.search}${href(view, rest, query)}`);
}
