// A value that is there, or will be. A promise for what is known costs a turn of the microtask queue, and allocates.

export type Soon<T> = T | Promise<T>;

export function andThen<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
