/** The CA's plan for a certificate: asked about twice a day, remembered in between. */
import type { X509Certificate } from 'node:crypto';
import { withDeadline } from '../certificates/deadline.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { AcmeServer } from './acme-server.ts';
import type { AcmeState } from './acme-state.ts';
import type { RenewalPlan } from './issuance-record.ts';
import { planFrom, planWithout, tryCertificateId, type PlanOptions } from './renewal-info.ts';
import { lifetimeMs, type Validity } from './renewal-policy.ts';

/** Short, since a gate that starts waits for it. */
const askDeadlineMs = 5_000;

export interface PlanContext {
  readonly leaf: X509Certificate;
  readonly facts: Validity;
  readonly names: readonly string[];
  /** The CA that made it. */
  readonly server: AcmeServer;
  readonly state: AcmeState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Undefined for certificates that no CA can have a plan for. A CA that is out is no failure. */
export async function currentPlan(context: PlanContext): Promise<RenewalPlan | undefined> {
  const { leaf, names, state, clock, signal } = context;
  const certificateId = tryCertificateId(leaf);
  if (certificateId === undefined) return undefined;
  const known = async (): Promise<RenewalPlan | undefined> => {
    const { renewal } = await state.record(names);
    const isCurrent = renewal?.certificateId === certificateId && renewal.nextPollAt > clock.now();
    return isCurrent ? renewal : undefined;
  };
  return (
    (await known()) ??
    (await state.planning(
      names,
      signal,
      async () => (await known()) ?? (await ask(certificateId, context)),
    ))
  );
}

async function ask(certificateId: string, context: PlanContext): Promise<RenewalPlan> {
  const { facts, names, state, clock, logger, random, signal } = context;
  const { renewal: before } = await state.record(names);
  const options: PlanOptions = {
    certificateId,
    lifetimeMs: lifetimeMs(facts),
    now: clock.now(),
    random: random(),
  };
  const plan = await askServer(certificateId, context).then(
    (info) => planFrom(info, before, options),
    (error: unknown) => {
      signal.throwIfAborted();
      logger.debug('ACME renewal information not had', { names, ...errorFields(error) });
      return planWithout(before, options);
    },
  );
  try {
    await state.change(names, { renewal: plan });
  } catch (error) {
    // Memory has it; a restart would ask the CA again.
    logger.warn('ACME record not kept', { names, ...errorFields(error) });
  }
  return plan;
}

function askServer(certificateId: string, { server, clock, signal }: PlanContext) {
  return withDeadline(
    async (inTime) => {
      const { hasRenewalInfo } = await server.directory(inTime);
      return hasRenewalInfo ? await server.renewalInfo(certificateId, inTime) : undefined;
    },
    { clock, deadlineMs: askDeadlineMs, signal },
  );
}
