// The text/event-stream format (WHATWG HTML, server-sent events), for streams that are read with fetch: EventSource cannot send a token.

export interface Message {
  event: string;
  data: string;
}

/** A reader of pieces of any size; the function it gives back takes the next piece. */
export function eventReader(message: (message: Message) => void): (piece: string) => void {
  let rest = '';
  let event = '';
  let data: string[] = [];
  return piece => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) message({ event: event || 'message', data: data.join('\n') });
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
      if (name === 'data') data.push(value);
      else if (name === 'event') event = value;
    }
  };
}
