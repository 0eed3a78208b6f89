/** All that an edge is to know: what a new one is told, and what every change of it adds up to. */
import type { EdgeChallenge } from '../edge/challenges.ts';
import type { EdgeUpdate, SiteKey } from './messages.ts';

export type EdgeKnowledge = Omit<EdgeUpdate, 'kind'>;

export class EdgeBriefing {
  readonly #certificates = new Map<string, SiteKey>();
  readonly #challenges = new Set<EdgeChallenge>();
  #knowledge: EdgeKnowledge = {};

  /** Certificates of sites that are gone are forgotten. */
  add(knowledge: EdgeKnowledge): void {
    this.#knowledge = { ...this.#knowledge, ...knowledge };
    for (const key of knowledge.certificates ?? []) this.#certificates.set(key.site, key);
    const sites = new Set(this.#knowledge.settings?.sites.map(({ name }) => name));
    for (const site of this.#certificates.keys()) {
      if (!sites.has(site)) this.#certificates.delete(site);
    }
  }

  present(challenge: EdgeChallenge): void {
    this.#challenges.add(challenge);
  }

  withdraw(challenge: EdgeChallenge): void {
    this.#challenges.delete(challenge);
  }

  /** For an edge that knows nothing yet. */
  whole(): EdgeUpdate {
    const certificates = [...this.#certificates.values()];
    const challenges = [...this.#challenges];
    return { kind: 'update', ...this.#knowledge, certificates, challenges };
  }
}
