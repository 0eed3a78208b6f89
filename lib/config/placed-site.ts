/** A site, and where in the file it comes from. */
import type { Site } from './configuration.ts';
import type { KeyPath } from './yaml-file.ts';

export interface PlacedSite {
  readonly site: Site;
  /** Where its mirror, service or universal host stands in the file. */
  readonly path: KeyPath;
}
