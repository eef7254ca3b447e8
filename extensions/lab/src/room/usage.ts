/** What the kernel uses of what it may, in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { UsageMessage } from '../wire';

/** From this share of a limit on, people are told. */
export const NEAR_SHARE = 0.9;
/** The room tells every 2 s; after this long without a word there is no kernel. */
export const STALE_MS = 6_000;

const MIB = 1024 * 1024;

/** One of the three things that a kernel uses. */
export interface IUse {
  readonly what: 'cpu' | 'memory' | 'disk';
  readonly name: string;
  /** Short, for the eye. */
  readonly value: string;
  /** A sentence, for a screen reader and a tooltip. */
  readonly words: string;
  /** What to do when little is left; null while there is enough. */
  readonly hint: string | null;
}

/** What can be said of a message: what was not measured is left out. */
export function uses(usage: UsageMessage, trans: TranslationBundle): IUse[] {
  return [cpuUse(usage, trans), memoryUse(usage, trans), diskUse(usage, trans)].filter(
    use => use !== null
  );
}

function cpuUse(usage: UsageMessage, trans: TranslationBundle): IUse | null {
  const { cpu_share: share, cpu_limit: limit } = usage;
  if (share === null) {
    return null;
  }
  // Busy is no problem, so there is no hint.
  const percent = Math.round((share / (limit ?? 1)) * 100);
  return {
    what: 'cpu',
    name: trans.__('CPU'),
    value: trans.__('%1 %', percent),
    words:
      limit === null
        ? trans.__('Python uses %1 percent of a processor.', percent)
        : trans.__('Python uses %1 percent of the processor time it may use.', percent),
    hint: null
  };
}

function memoryUse(usage: UsageMessage, trans: TranslationBundle): IUse | null {
  const { memory_bytes: used, memory_limit_bytes: limit } = usage;
  if (used === null) {
    return null;
  }
  return {
    what: 'memory',
    name: trans.__('Memory'),
    value: ofLimit(used, limit, trans),
    words: trans.__('Python uses %1 of memory.', ofLimit(used, limit, trans)),
    hint: isNear(used, limit)
      ? trans.__(
          'Memory is nearly full. Python stops when it is; deleting a large table that ' +
            'you no longer need (del table) helps.'
        )
      : null
  };
}

function diskUse(usage: UsageMessage, trans: TranslationBundle): IUse | null {
  const { disk_bytes: used, disk_limit_bytes: limit } = usage;
  if (used === null) {
    return null;
  }
  return {
    what: 'disk',
    name: trans.__('Disk'),
    value: ofLimit(used, limit, trans),
    words: trans.__('Files take %1 of disk.', ofLimit(used, limit, trans)),
    hint: isNear(used, limit)
      ? trans.__(
          'The disk is nearly full. Deleting files that you no longer need makes room.'
        )
      : null
  };
}

function isNear(used: number, limit: number | null): boolean {
  return limit !== null && used >= NEAR_SHARE * limit;
}

function ofLimit(used: number, limit: number | null, trans: TranslationBundle): string {
  return limit === null
    ? size(used, trans)
    : trans.__('%1 of %2', size(used, trans), size(limit, trans));
}

/** A size as people read it: whole megabytes, and gigabytes with one digit. */
export function size(bytes: number, trans: TranslationBundle): string {
  const mib = Math.round(bytes / MIB);
  return mib < 1000
    ? trans.__('%1 MB', mib)
    : trans.__('%1 GB', Math.round((mib / 1024) * 10) / 10);
}
