// The published OpenAPI document, by @seriousme/openapi-schema-validator: node openapi.mjs HOST:PORT.
import { Validator } from '@seriousme/openapi-schema-validator';
import { equal, holds, serve } from './cases.mjs';

const [address] = process.argv.slice(2);
const read = async () => (await fetch(`http://${address}/openapi.json`)).json();
const valid = async document => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  return { validator, valid, errors };
};

serve({
  async valid() {
    const { validator, valid: isValid, errors } = await valid(await read());
    holds(isValid, JSON.stringify(errors));
    equal(validator.version, '3.1', 'version');
  },
  async references_resolve() {
    const document = await read();
    for (const path of ['/rpc/testing/{key}/Add', '/rpc/calculator/{key}/Multiply', '/users/{key}']) holds(document.paths[path], `${path} of ${Object.keys(document.paths)}`);
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g).map(r => r.slice(8, -1));
    holds(references.length > 10, references.length);
    for (const reference of references) {
      let place = document;
      for (const part of reference.replace('#/', '').split('/')) place = place?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
      holds(place, `${reference} leads nowhere`);
    }
  },
  async damage_is_seen() {
    const document = await read();
    document.paths['/rpc/testing/{key}/Add'].post.responses = 5;
    equal((await valid(document)).valid, false, 'a response that is none');
  },
});
