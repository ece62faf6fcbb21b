// The same call for a shell. The token is a variable there: what is copied is often shared.

import type { Callable, Catalog, GrpcName, Schema } from './methods';

export interface Call {
  url: string;
  body?: unknown;
  items?: unknown[];
  query: Record<string, string>;
  key?: string;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl(callable: Callable, call: Call, origin: string): string {
  const parts = [`curl -s${callable.streams || call.items ? 'N' : ''}`, '-H "Authorization: Bearer $TOKEN"'];
  if (call.items) parts.push('-H "Content-Type: application/x-ndjson"', `--data-binary ${quote(`${call.items.map(i => JSON.stringify(i)).join('\n')}\n`)}`);
  else parts.push('-H "Content-Type: application/json"', `-d ${quote(JSON.stringify(call.body ?? {}))}`);
  if (callable.streams) parts.push('-H "Accept: application/x-ndjson"');
  parts.push(quote(origin + call.url));
  return parts.join(' \\\n  ');
}

export function grpcurl(callable: Callable, call: Call, catalog: Catalog, name: GrpcName, where: URL): string {
  const first: Record<string, unknown> = {};
  if (name.key && call.key !== undefined) first[name.key] = call.key;
  const body = (callable.body ? toProto(catalog, callable.body, call.body) : {}) as Record<string, unknown>;
  const messages = call.items
    ? call.items.map((item, i) => ({ ...(i === 0 ? { ...first, ...call.query } : {}), item: toProto(catalog, callable.items!, item) }))
    : [{ ...first, ...body }];
  if (messages.length === 0) messages.push({ ...first, ...call.query } as never);
  const data = messages.map(m => JSON.stringify(m)).join(' ');
  const port = where.port || (where.protocol === 'https:' ? '443' : '80');
  return [`grpcurl${where.protocol === 'https:' ? '' : ' -plaintext'}`, '-H "authorization: Bearer $TOKEN"', `-d ${quote(data)}`, `${where.hostname}:${port} ${name.method}`].join(' \\\n  ');
}

/** Enum values have other names in protobuf: `UserRole.Guest` is `USER_ROLE_GUEST`. */
function toProto(catalog: Catalog, schema: Schema, value: unknown): unknown {
  const resolved = catalog.resolve(schema);
  if (value === null || value === undefined) return value;
  if (resolved.enum && typeof value === 'string') return `${upper(catalog.typeName(schema) ?? '')}_${upper(value)}`.replace(/^_/, '');
  if (Array.isArray(value)) return resolved.items ? value.map(v => toProto(catalog, resolved.items!, v)) : value;
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, resolved.properties?.[name] ? toProto(catalog, resolved.properties[name], v) : v]));
  return value;
}

const upper = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
