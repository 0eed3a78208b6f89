/** Folders that may not be there yet. */
import { readdir } from 'node:fs/promises';
import { isMissing } from './atomic-file.ts';

/** Names in `directory`; none where it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
