/** The list of client certificates in an allow-list file, with every mistake in it. */
import type { Finding, KeyPath, YamlFile } from '../config/yaml-file.ts';
import type { CertificateEntry } from './allow-list.ts';
import { parseCertificateEntry } from './written-entry.ts';

/** The mirrors that an entry names, and where it stands. */
export interface Scope {
  readonly path: KeyPath;
  readonly mirrors: readonly string[] | undefined;
}

export interface PlacedCertificates {
  readonly entries: readonly CertificateEntry[];
  readonly scopes: readonly Scope[];
  readonly findings: readonly Finding[];
}

/** `written` is the value of `certificates:`. */
export function placedCertificates(file: YamlFile, written: unknown): PlacedCertificates {
  const entries = new Map<string, CertificateEntry>();
  const scopes: Scope[] = [];
  const findings: Finding[] = [];
  for (const [index, item] of (Array.isArray(written) ? written : []).entries()) {
    const path = ['certificates', index];
    const result = parseCertificateEntry(item);
    if (result.kind === 'invalid') {
      for (const found of result.findings) {
        findings.push({ ...found, path: [...path, ...found.path] });
      }
      continue;
    }
    const { name, mirrors } = result.entry;
    const twin = entries.get(name);
    if (twin !== undefined) {
      const message = `${name} stands on line ${twin.line} too`;
      findings.push({ path, message, fix: 'remove one of the two' });
    }
    scopes.push({ path, mirrors });
    entries.set(name, Object.freeze({ ...result.entry, line: file.lineOf(path) }));
  }
  return { entries: Object.freeze([...entries.values()]), scopes, findings };
}
