// `npm test` looks for what is broken, in minutes, on machines that do other things too; with FULL=1 the scenarios run at full length
// and their figures are held to what is promised, which wants a machine of its own.

export const FULL = process.env.FULL === '1';

/** @returns what the figure may be: as promised with FULL=1, and with room for neighbours without */
export function atMost(promised: number): number {
  return FULL ? promised : 4 * promised;
}
