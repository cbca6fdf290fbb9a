// Wrong usage, from wherever it was found: main.ts says it and ends with the code for that.

/** Ends the program with a sentence and the exit code 2. */
export class Refusal extends Error {}

/** Ends the program with a sentence and the exit code 1: something that was needed could not be had. */
export class Failure extends Error {}
