// What others wrote, such as an image, a name in a manifest or the message of an Event, may hold what a terminal takes for commands: to
// change its title, to colour, to go back and write over what stood there. None of it is a character to be seen.

/** The same text with a mark for each character that cannot be seen, or that turns the others around. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}
