/** Every command but `serve`. */
import type { Command } from 'commander';
import { registerAllow } from './allow.ts';
import { registerCa } from './ca.ts';
import { registerCaIssue } from './ca-issue.ts';
import { registerCaRotation } from './ca-rotation.ts';
import { registerCache } from './cache.ts';
import { registerCert } from './cert.ts';
import { registerCheck } from './check.ts';
import { registerClient } from './client.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerInject } from './inject.ts';
import { registerStatus } from './status.ts';

export function registerCommands(program: Command): void {
  registerCheck(program);
  registerStatus(program);
  registerDoctor(program);
  registerExplain(program);
  registerAllow(program);
  const ca = registerCa(program);
  registerCaRotation(ca);
  registerCaIssue(ca);
  registerInject(ca);
  registerCert(program);
  registerCache(program);
  registerClient(program);
}
