/** Problem documents of a CA (RFC 9457, RFC 8555 §6.7) as errors that say what to do. */
import { z } from 'zod';
import { AcmeProblem, type ProblemFacts } from './acme-errors.ts';

const prefix = 'urn:ietf:params:acme:error:';
const maxDetailLength = 1_000;

const text = z.string().catch('').default('');
const identifier = z.object({ value: z.string() }).optional().catch(undefined);

export const problemDocument = z.object({
  type: z.string().catch('about:blank').default('about:blank'),
  detail: text,
  title: text,
  subproblems: z
    .array(z.object({ type: text, detail: text, identifier }))
    .optional()
    .catch(undefined),
});

export type ProblemDocument = z.output<typeof problemDocument>;

export interface ProblemSource {
  /** The CA, as errors name it. */
  readonly host: string;
  readonly status: number;
  /** The body as it came. */
  readonly data: unknown;
  readonly retryAt?: Date | undefined;
}

/** The error for an answer of 400 and above, whatever its body is. */
export function acmeProblem({ host, status, data, retryAt }: ProblemSource): AcmeProblem {
  const parsed = problemDocument.safeParse(data);
  const facts = problemFacts(parsed.success ? parsed.data : problemDocument.parse({}), status);
  const reason = facts.detail === '' ? `HTTP status ${status}` : facts.detail;
  const hint = problemHint(facts.type);
  return new AcmeProblem(
    `${host} refused: ${reason} (${facts.type})`,
    { ...facts, retryAt },
    hint === undefined ? {} : { hint },
  );
}

export function problemFacts(document: ProblemDocument, status: number): ProblemFacts {
  return {
    type: shortType(document.type),
    detail: (document.detail || document.title).slice(0, maxDetailLength),
    status,
    subproblems: (document.subproblems ?? []).map((problem) => ({
      type: shortType(problem.type),
      detail: problem.detail.slice(0, maxDetailLength),
      identifier: problem.identifier?.value,
    })),
    retryAt: undefined,
  };
}

function shortType(type: string): string {
  return type.startsWith(prefix) ? type.slice(prefix.length) : type;
}

const hints: Readonly<Record<string, string>> = {
  rateLimited: 'nothing to do but wait: it is asked again by itself when its limit allows',
  caa: 'add a CAA record that names this CA, or remove the one that forbids it',
  rejectedIdentifier: 'this CA does not certify that name: correct the host, or choose another CA',
  unsupportedIdentifier: 'this CA does not certify names of that kind: choose another CA for it',
  externalAccountRequired:
    'set externalAccount of this CA: it gives a key identifier and a key to customers',
  userActionRequired: 'the CA wants something of you: follow what it says, such as new terms',
  accountDoesNotExist: 'the account is registered anew at the next attempt',
  invalidProfile: 'choose a profile that the CA offers',
  invalidContact: 'correct email of this CA',
  unsupportedContact: 'correct email of this CA',
  malformed: 'this is a fault of mirrorgate or of the CA: report it with this message',
  unauthorized: 'the CA does not accept this account for it: see its words',
};

function problemHint(type: string): string | undefined {
  return hints[type];
}
