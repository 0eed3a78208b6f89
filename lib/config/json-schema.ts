/** The configuration's JSON Schema, for editors: generated from the schema that validates it. */
import { z } from 'zod';
import { configurationSchema } from './schema.ts';

/** Draft 2020-12, as text that ends with a newline. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' });
  const titled = { title: 'mirrorgate configuration', ...schema };
  return `${JSON.stringify(titled, undefined, 2)}\n`;
}
