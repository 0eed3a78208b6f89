/** Colours for people at a terminal; none in a pipe, nor where `NO_COLOR` is set (no-color.org). */
import { styleText } from 'node:util';

export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';

const formats = {
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  quiet: 'gray',
  strong: 'bold',
} as const;

/** `text` for standard output. */
export function toned(tone: Tone, text: string): string {
  return styleText(formats[tone], text, { stream: process.stdout });
}
