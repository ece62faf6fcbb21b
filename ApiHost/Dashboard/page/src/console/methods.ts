// What can be called, from the host's own OpenAPI document, and what gRPC calls it, from its .proto files.

import { ask, base } from '../api';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
  minLength?: number;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  deprecated?: boolean;
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { content?: Record<string, unknown> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  tags?: { name: string; description?: string }[];
  components?: { schemas?: Record<string, Schema> };
}

export interface Callable {
  id: string;
  service: string;
  version: number;
  name: string;
  path: string;
  summary: string;
  notes: string;
  deprecated: boolean;

  /** It changes nothing: the contract says so. */
  reads: boolean;

  /** It may be repeated: an Idempotency-Key is taken, or it only reads. */
  repeatable: boolean;
  key?: Parameter;
  query: Parameter[];
  body?: Schema;

  /** The type of each item, when the caller sends a stream. */
  items?: Schema;
  streams: boolean;
}

export interface Catalog {
  callables: Callable[];
  resolve(schema: Schema): Schema;

  /** The last part of the name of a referred type. */
  typeName(schema: Schema): string | undefined;
}

let reading: Promise<Catalog> | undefined;

/** The document is the same for as long as the host runs; it is read once. */
export function readCatalog(): Promise<Catalog> {
  reading ??= ask<Document>('GET', '/openapi.json').then(catalogOf).catch((error: unknown) => {
    reading = undefined;
    throw error;
  });
  return reading;
}

export function catalogOf(document: Document): Catalog {
  const callables: Callable[] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    const match = /^(?:\/v(\d+))?\/rpc\/([^/{]+)\/(?:\{key\}\/)?([^/{]+)$/.exec(path);
    const post = operations.post;
    if (!match || !post) continue;
    const version = Number(match[1] ?? 1);
    const parameters = post.parameters ?? [];
    const content = post.requestBody?.content ?? {};
    callables.push({
      id: `${match[2]!}${version === 1 ? '' : ` v${version}`}/${match[3]!}`,
      service: match[2]!,
      version,
      name: match[3]!,
      path,
      summary: post.summary ?? '',
      notes: post.description ?? '',
      deprecated: post.deprecated === true,
      reads: operations.get !== undefined,
      repeatable: operations.get !== undefined || parameters.some(p => p.name === 'Idempotency-Key'),
      key: parameters.find(p => p.in === 'path' && p.name === 'key'),
      query: parameters.filter(p => p.in === 'query'),
      body: content['application/json']?.schema,
      items: content['application/x-ndjson']?.schema,
      streams: Object.values(post.responses ?? {}).some(r => r.content && 'application/x-ndjson' in r.content),
    });
  }
  callables.sort((a, b) => (a.id < b.id ? -1 : 1));
  const schemas = document.components?.schemas ?? {};
  return {
    callables,
    resolve(schema) {
      const name = schema.$ref?.replace('#/components/schemas/', '');
      const found = name === undefined ? undefined : schemas[name];
      return found ? { ...found, description: schema.description ?? found.description } : schema;
    },
    typeName: schema => schema.$ref?.split(/[/.]/).at(-1),
  };
}

/** What gRPC needs to know of a method besides. */
export interface GrpcName {
  method: string;

  /** The name of the key's field; absent when there is none. */
  key?: string;
}

interface ProtoIndex {
  services: { name: string; version: number; fullName: string; url: string }[];
}

let index: Promise<ProtoIndex> | undefined;
const texts = new Map<string, Promise<string>>();

export async function grpcName(callable: Callable): Promise<GrpcName> {
  index ??= ask<ProtoIndex>('GET', '/proto');
  const service = (await index).services.find(s => s.name === callable.service && s.version === callable.version);
  if (!service) throw new Error(`${callable.id} is not in /proto`);
  let text = texts.get(service.url);
  if (!text) texts.set(service.url, (text = fetch(base + service.url).then(r => r.text())));
  return { method: `${service.fullName}/${callable.name}`, key: keyField(await text, service.fullName.split('.').at(-1)!, callable) };
}

/** The key's field is `key`, unless the message is the contract's own type: then it is the field that the HTTP body does not have. */
export function keyField(proto: string, service: string, callable: Callable): string | undefined {
  if (!callable.key) return undefined;
  const block = new RegExp(`service ${service} \\{([\\s\\S]*?)\\n\\}`).exec(proto)?.[1] ?? '';
  const message = new RegExp(`rpc ${callable.name}\\((?:stream )?([\\w.]+)\\)`).exec(block)?.[1]?.split('.').at(-1);
  const fields = new RegExp(`message ${message ?? ''} \\{([\\s\\S]*?)\\n\\}`).exec(proto)?.[1] ?? '';
  const names = [...fields.matchAll(/^\s*(?:optional |repeated )?[\w.<>, ]+ (\w+) = \d+/gm)].map(m => m[1]!.replace(/_(\w)/g, (_, c: string) => c.toUpperCase()));
  if (names.length === 0 || names.includes('key')) return 'key';
  const body = Object.keys(callable.body?.properties ?? {});
  return names.find(n => !body.includes(n)) ?? 'key';
}
