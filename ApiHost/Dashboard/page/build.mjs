// Bundles the page: node build.mjs FOLDER. The same sources give the same bytes, on every machine: nothing of what is written knows a path, a time or a host.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
mkdirSync(out, { recursive: true });

const bundled = await build({
  absWorkingDir: here,
  entryPoints: { page: 'src/main.ts' },
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
  write: false,
});

const files = new Map(bundled.outputFiles.map(file => [file.path.split(/[\\/]/).pop(), Buffer.from(file.contents)]));
files.set('index.html', readFileSync(join(here, 'src/index.html')));
files.set('icon.svg', readFileSync(join(here, 'src/icon.svg')));
files.set('licences.txt', Buffer.from(licences(Object.keys(bundled.metafile.inputs))));

for (const old of readdirSync(out)) rmSync(join(out, old), { recursive: true });
for (const [name, content] of files) {
  writeFileSync(join(out, name), content);
  writeFileSync(join(out, `${name}.br`), brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
  writeFileSync(join(out, `${name}.gz`), gzip(content));
  console.log(`${name} ${content.length} ${createHash('sha256').update(content).digest('hex').slice(0, 16)}`);
}

// The header of a gzip file names the system that made it.
function gzip(content) {
  const zipped = gzipSync(content, { level: 9 });
  zipped[9] = 255;
  return zipped;
}

// Whatever came into the bundle from others, with its licence.
function licences(inputs) {
  const names = [...new Set(inputs.map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean))].sort();
  return names
    .map(name => {
      const folder = join(here, 'node_modules', name);
      const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find(f => /^licen[cs]e/i.test(f));
      if (!file) throw new Error(`${name} comes without the text of its licence; leave it out of the bundle, or write its licence here`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join('\n----\n\n');
}
