/** What a worker answers with in place of a body, where the edge can send the file by itself. */
import {
  fileHeader,
  fileSpanHeader,
  growingFileHeader,
  tryFileSpan,
  type FileSpan,
} from '../net/internal-headers.ts';
import type { WorkerHeaders } from './sent-answer.ts';

export interface NamedFile {
  readonly status: number;
  /** Those for the client, with the length of the body that the file stands for. */
  readonly headers: WorkerHeaders;
  readonly path: string;
  /** Undefined where the worker wrote none that makes sense: the file is then not sent. */
  readonly span: FileSpan | undefined;
  /** It is still arriving, and the answer's body tells how far it may be read. */
  readonly grows: boolean;
}

/** Undefined for any other answer. */
export function tryNamedFile(status: number, headers: WorkerHeaders): NamedFile | undefined {
  const { [fileHeader]: path, [fileSpanHeader]: text, [growingFileHeader]: grows } = headers;
  const span = tryFileSpan(text);
  if (typeof path !== 'string') return undefined;
  const length = span && String(span.last + 1 - span.first);
  return {
    status,
    headers: { ...headers, 'content-length': length },
    path,
    span,
    grows: grows !== undefined,
  };
}
