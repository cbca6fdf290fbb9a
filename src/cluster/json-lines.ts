// Cuts a stream of text into lines and parses each as JSON, which is the form of a watch. A last line without its end is
// never parsed: the connection broke in the middle of it. A line that is not JSON throws a SyntaxError.

export async function* jsonLines(chunks: AsyncIterable<string>): AsyncGenerator<unknown> {
  let begun = '';
  for await (const chunk of chunks) {
    const lines = chunk.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      const whole = begun + line;
      begun = '';
      if (whole.trim() !== '') yield JSON.parse(whole);
    }
    begun += last;
  }
}
