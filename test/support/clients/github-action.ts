/** The step of action.yml, as a runner of GitHub Actions makes it of a workflow's inputs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const actionFolder = fileURLToPath(new URL('../../..', import.meta.url));

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly run: string;
      readonly env: Readonly<Record<string, string>>;
    }[];
  };
}

export interface ActionStep {
  /** For `sh -e`. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** `folder` is where the action was checked out, or copied to. */
export function actionStep(
  inputs: Readonly<Record<string, string>>,
  folder = actionFolder,
): ActionStep {
  const action = parse(readFileSync(`${folder}/action.yml`, 'utf8')) as Action;
  const unknown = Object.keys(inputs).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new TypeError(`action.yml has no input ${unknown.join(', ')}`);
  const [step] = action.runs.steps;
  if (step === undefined) throw new TypeError('action.yml has no step');
  const given = Object.entries(step.env).map(([name, template]) => {
    const value = template.replace(
      /^\$\{\{ inputs\.([\w-]+) \}\}$/,
      (_all, input: string) => inputs[input] ?? action.inputs[input]?.default ?? '',
    );
    return [name, value] as const;
  });
  return {
    script: step.run,
    environment: { ...Object.fromEntries(given), GITHUB_ACTION_PATH: folder },
  };
}
