/**
 * cloud-init user-data, edited in place with its comments kept. What is ours in it is known by one
 * entry of `write_files`, the bundle: certificates that it holds are ours wherever they stand.
 */
import { isMap, isSeq, parseDocument, type Document, type YAMLSeq } from 'yaml';
import { bundlePem, type Bundle } from '../ca/bundle.ts';
import { clientBundleFile } from '../clients/client-trust.ts';
import type { GateAccess } from '../clients/gate-access.ts';
import { injectError } from './inject-error.ts';
import { removeCertificates, splitCertificates } from './pem-bundle.ts';

/** The first line by which cloud-init knows the file. */
const mark = '#cloud-config';

/**
 * The file's new text; `text` is empty where there is none yet.
 * @throws MirrorgateError `MIRRORGATE_INJECT_UNSUITABLE`
 */
export function editUserData(
  text: string,
  { bundle, access }: { bundle: Bundle; access: GateAccess },
): string {
  const document = parseUserData(text);
  const former = splitCertificates(ownEntry(document, clientBundleFile) ?? '');
  const pem = bundlePem(bundle);
  editTrusted(document, former, splitCertificates(pem));
  const formerPem = former.join('');
  const files = new Map([[clientBundleFile, pem], ...registryFiles(access, pem)]);
  const stale = writtenFiles(document)
    .filter(({ path, content }) => !files.has(path) && formerPem !== '' && content === formerPem)
    .map(({ path }) => path);
  editFiles(document, files, stale);
  const edited = document.toString({ lineWidth: 0 });
  return edited.startsWith(mark) ? edited : `${mark}\n${edited}`;
}

function parseUserData(text: string): Document {
  const isNew = text.trim() === '';
  if (!isNew && !text.startsWith(mark)) {
    throw injectError('UNSUITABLE', `the user-data does not begin with ${mark}`, {
      hint: 'scripts and MIME archives are not edited: put the cloud-config part into a file of its own',
    });
  }
  const document = parseDocument(isNew ? `${mark}\n{}\n` : text);
  const [fault] = document.errors;
  if (fault !== undefined)
    throw injectError('UNSUITABLE', `the user-data is no YAML: ${fault.message}`);
  if (document.contents === null) document.setIn([], document.createNode({}));
  if (!isMap(document.contents)) throw injectError('UNSUITABLE', 'the user-data is no mapping');
  document.contents.flow = false;
  return document;
}

/** `ca-certs` is how cloud-init before 22 spells it. */
function editTrusted(
  document: Document,
  former: readonly string[],
  wanted: readonly string[],
): void {
  const key = document.has('ca-certs') ? 'ca-certs' : 'ca_certs';
  const trusted = sequenceAt(document, [key, 'trusted']);
  trusted.items = trusted.items.flatMap((item) => {
    const [value, rest] = strip(item, [...former, ...wanted]);
    if (rest === value) return [item];
    return rest.trim() === '' ? [] : [document.createNode(rest)];
  });
  for (const pem of wanted) trusted.add(document.createNode(pem));
}

/** The text of an item as it is, and without these certificates. */
function strip(item: unknown, certificates: readonly string[]): [string, string] {
  const value: unknown = (item as { readonly value?: unknown }).value;
  const text = typeof value === 'string' ? value : '';
  return [text, removeCertificates(text, certificates)];
}

function editFiles(
  document: Document,
  files: ReadonlyMap<string, string>,
  stale: readonly string[],
): void {
  const list = sequenceAt(document, ['write_files']);
  const pathOf = (item: unknown): string => (isMap(item) ? String(item.get('path')) : '');
  list.items = list.items.filter((item) => !stale.includes(pathOf(item)));
  for (const [path, content] of files) {
    const present = list.items.find((item) => pathOf(item) === path);
    if (isMap(present)) present.set('content', content);
    else list.add(document.createNode({ path, content, permissions: '0644' }));
  }
}

function registryFiles({ mirrors }: GateAccess, pem: string): [string, string][] {
  const known = mirrors.filter(({ usesPrivateCa }) => usesPrivateCa);
  const authorities = [...new Set(known.map(({ authority }) => authority))];
  return authorities.flatMap((authority): [string, string][] => [
    [`/etc/docker/certs.d/${authority}/ca.crt`, pem],
    [`/etc/containers/certs.d/${authority}/ca.crt`, pem],
  ]);
}

function ownEntry(document: Document, path: string): string | undefined {
  return writtenFiles(document).find((file) => file.path === path)?.content;
}

function writtenFiles(document: Document): { readonly path: string; readonly content: string }[] {
  const list = document.get('write_files');
  if (!isSeq(list)) return [];
  return list.items.flatMap((item) =>
    isMap(item) ? [{ path: String(item.get('path')), content: String(item.get('content')) }] : [],
  );
}

/** @throws MirrorgateError `MIRRORGATE_INJECT_UNSUITABLE` where something else stands there */
function sequenceAt(document: Document, path: readonly string[]): YAMLSeq {
  const present = document.getIn(path);
  if (isSeq(present)) return present;
  if (present !== undefined && present !== null) {
    throw injectError('UNSUITABLE', `${path.join('.')} of the user-data is no list`);
  }
  const [parent] = path.slice(0, -1);
  if (parent !== undefined && !isMap(document.get(parent)))
    document.set(parent, document.createNode({}));
  const made = document.createNode([]) as YAMLSeq;
  document.setIn(path, made);
  return made;
}
