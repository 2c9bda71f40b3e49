/**
 * Reads an answer of HTTP/1.1 from the bytes of a connection (RFC 9112), strictly: who sends it may be
 * anybody.
 *
 * The client of `node:http` in Deno 2.5 cannot use a connection that was made before, which is what
 * keeps requests at the addresses that were checked. So this reads answers on all versions.
 *
 * @module
 */

/** The most bytes of the lines before a body, those of interim answers included. */
const HEAD_MAX_BYTES = 65_536;
/** The most bytes of the line that begins a chunk. */
const CHUNK_LINE_MAX_BYTES = 1_024;
/** The most interim answers (1xx). */
const INTERIM_MAX = 16;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/;
/** Blanks around a value are taken off by {@link stripBlanks}: a pattern could take very long for them. */
const HEADER_LINE = /^([!#$%&'*+.^`|~\w-]+):(.*)$/;
const CHUNK_LINE = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i;
const CR = 13, LF = 10, SPACE = 32, TAB = 9;

/** What stands before the body. */
export interface AnswerHead {
  /** The status, 200 to 599. */
  readonly status: number;
  /** The headers, names in lower case; those that occur more than once are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A reader of one answer. */
export interface AnswerReader {
  /** Takes the next bytes. Throws a `SyntaxError` if they break the rules. */
  add(bytes: Uint8Array): void;
  /** Takes the end of the connection. Throws a `SyntaxError` if the answer is not whole. */
  end(): void;
  /** What stands before the body; null before it is whole. */
  readonly head: AnswerHead | null;
  /** Whether the answer is whole. */
  readonly isWhole: boolean;
}

/** What the next bytes are. */
type State =
  | "status"
  | "headers"
  | "body"
  | "rest of the connection"
  | "chunk size"
  | "chunk"
  | "end of chunk"
  | "trailers"
  | "nothing";

/** Creates a reader, which passes the body on, without the marks of chunks. */
export function createAnswerReader(onBody: (bytes: Uint8Array) => void): AnswerReader {
  let state: State = "status";
  let unread: Uint8Array = new Uint8Array();
  let headBytes = 0, interim = 0;
  let status = 0;
  let headers = new Map<string, string>();
  let head: AnswerHead | null = null;
  /** The bytes of the body, or of the chunk, that are still to come. */
  let left = 0;
  const decoder = new TextDecoder("latin1");

  /** The next line, without its end; null if it has not all arrived. */
  function takeLine(maxBytes: number): string | null {
    let end = unread.indexOf(LF);
    if (end === -1) end = unread.length;
    if (end > maxBytes) throw broken("a line is too long");
    if (end === unread.length) return null;
    if (end === 0 || unread[end - 1] !== CR) throw broken("a line does not end in CR LF");
    const line = decoder.decode(unread.subarray(0, end - 1));
    unread = unread.subarray(end + 1);
    return line;
  }

  function takeHeadLine(): string | null {
    const line = takeLine(HEAD_MAX_BYTES - headBytes);
    headBytes += line === null ? 0 : line.length + 2;
    return line;
  }

  /** Passes on what has arrived of the body or chunk. Whether that is all of it. */
  function passBody(): boolean {
    const bytes = unread.subarray(0, left);
    unread = unread.subarray(bytes.length);
    left -= bytes.length;
    if (bytes.length > 0) onBody(bytes);
    return left === 0;
  }

  function readStatus(line: string): State {
    const match = STATUS_LINE.exec(line);
    if (match === null) throw broken("it does not begin with a status");
    status = Number(match[1]);
    if (status === 101) throw broken("it changes the protocol");
    headers = new Map();
    return "headers";
  }

  function readHeader(line: string): State {
    const match = HEADER_LINE.exec(line);
    if (match === null) throw broken("a header has no name");
    const name = match[1].toLowerCase(), before = headers.get(name);
    const value = stripBlanks(match[2]);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
    return "headers";
  }

  function endHead(): State {
    if (status < 200) {
      if (++interim > INTERIM_MAX) throw broken("too many interim answers");
      return "status";
    }
    const next = bodyState();
    head = { status, headers: Object.fromEntries(headers) };
    return next;
  }

  /** What follows the headers (RFC 9112 §6.3). */
  function bodyState(): State {
    if (status === 204 || status === 304) return "nothing";
    const coding = headers.get("transfer-encoding"), length = headers.get("content-length");
    if (coding !== undefined) {
      if (coding.toLowerCase() !== "chunked") throw broken("its transfer coding is unknown");
      return "chunk size";
    }
    if (length === undefined) return "rest of the connection";
    const [first, ...others] = length.split(",").map(stripBlanks);
    if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) {
      throw broken("its length is no number");
    }
    left = Number(first);
    return left === 0 ? "nothing" : "body";
  }

  function readChunkSize(line: string): State {
    const match = CHUNK_LINE.exec(line);
    if (match === null) throw broken("a chunk has no size");
    left = parseInt(match[1], 16);
    return left === 0 ? "trailers" : "chunk";
  }

  /** The state after the bytes that belong to the current one; null if they have not all arrived. */
  function step(): State | null {
    switch (state) {
      case "status":
        return ifLine(takeHeadLine(), readStatus);
      case "headers":
        return ifLine(takeHeadLine(), (line) => line === "" ? endHead() : readHeader(line));
      case "body":
        return passBody() ? "nothing" : null;
      case "chunk size":
        return ifLine(takeLine(CHUNK_LINE_MAX_BYTES), readChunkSize);
      case "chunk":
        return passBody() ? "end of chunk" : null;
      case "end of chunk":
        return ifLine(takeLine(2), (line) => {
          if (line !== "") throw broken("a chunk is longer than its size");
          return "chunk size";
        });
      case "trailers":
        return ifLine(takeHeadLine(), (line) => line === "" ? "nothing" : "trailers");
      case "rest of the connection":
        left = unread.length;
        passBody();
        return null;
      case "nothing":
        return null;
    }
  }

  return {
    add(bytes) {
      unread = unread.length === 0 ? bytes : concat(unread, bytes);
      for (let next = step(); next !== null; next = step()) state = next;
    },
    end() {
      if (state === "rest of the connection") state = "nothing";
      if (state !== "nothing") throw broken("the connection ended within it");
    },
    get head() {
      return head;
    },
    get isWhole() {
      return state === "nothing";
    },
  };
}

function ifLine(line: string | null, read: (line: string) => State): State | null {
  return line === null ? null : read(line);
}

/** A text without the spaces and tabs at its ends, in time that grows with its length. */
function stripBlanks(text: string): string {
  let start = 0, end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function broken(why: string): SyntaxError {
  return new SyntaxError(`Cannot read the answer as ${why}`);
}
