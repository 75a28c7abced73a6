// Holds AsyncAPI documents to the official parser: `node check.mjs <document>...`. Ends with 1 if it finds an error.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const ERROR = 0;
const parser = new Parser();

async function errors(text) {
  const { document, diagnostics } = await parser.parse(text);
  const found = diagnostics.filter(({ severity }) => severity === ERROR);
  const told = found.map(({ path, message }) => `${path.join('/') || '/'}: ${message}`);
  return document || told.length > 0 ? told : ['no document was made of it'];
}

// What finds nothing anywhere shows nothing: a document with a channel that is not there must be refused.
function broken(text) {
  const document = JSON.parse(text);
  const [operation] = Object.values(document.operations);
  operation.channel.$ref = '#/channels/nowhere';
  return JSON.stringify(document);
}

const files = process.argv.slice(2);
let failed = files.length === 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const told = await errors(text);
  const isBlind = (await errors(broken(text))).length === 0;
  if (isBlind) told.push('the parser takes it with a broken reference too');
  failed ||= told.length > 0;
  console.log(told.length === 0 ? `${file}: taken` : `${file}: refused\n  ${told.join('\n  ')}`);
}
process.exit(failed ? 1 : 0);
