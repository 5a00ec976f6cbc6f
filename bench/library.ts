// A client library as the cases use it. The three libraries have this in common; each adapter in contenders/ says
// how it is had.

/** Headers of a message. */
export interface Headers {
  get(key: string): string;
  set(key: string, value: string): void;
}

/** A received message. */
export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: Headers | undefined;
  respond(payload?: Uint8Array): boolean;
}

/** What `subscribe` may be given. */
export interface SubscribeOptions {
  readonly callback?: (error: Error | null, message: Message) => void;
}

/** Headers to publish: those of one library, which no other takes. */
export type OwnHeaders = never;

/** A connection. */
export interface Client {
  publish(subject: string, payload: Uint8Array, options?: { readonly headers: OwnHeaders }): void;
  subscribe(subject: string, options?: SubscribeOptions): AsyncIterable<Message>;
  request(subject: string, payload: Uint8Array): Promise<Message>;
  flush(): Promise<void>;
  close(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
}

/** A client library. */
export interface Library {
  connect(options: { readonly servers: string[]; readonly noRandomize: boolean }): Promise<Client>;
  headers(): Headers;
}
