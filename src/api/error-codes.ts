// The codes of errors and what each means: the knowledge behind errors.ts, as two tables.
//
// Members and values are facts about nats@2.29.3, which programs compare with; the sentences are ours.

// biome-ignore-start lint/suspicious/noDuplicateEnumValues: the reference has several names for 409 and for 503
/** What went wrong, for programs: the value of {@link NatsError.code}. Members and values: nats@2.29.3. */
export enum ErrorCode {
  /** A function was called in a way, or with an argument, that it does not support. */
  ApiError = "BAD API",
  /** The credentials that the client holds cannot be used: a malformed seed, JWT, token or password. */
  BadAuthentication = "BAD_AUTHENTICATION",
  /** The content given as a credentials file is not one. */
  BadCreds = "BAD_CREDS",
  /** A header's key or value, or the status of a header block, holds characters that the protocol forbids. */
  BadHeader = "BAD_HEADER",
  /** A value cannot be written as JSON, or a payload is not JSON. */
  BadJson = "BAD_JSON",
  /** The payload is neither a string nor a `Uint8Array`. */
  BadPayload = "BAD_PAYLOAD",
  /** The subject is empty, has an empty token, white space, or wildcards where none are allowed. */
  BadSubject = "BAD_SUBJECT",
  /** The operation was cancelled before it was complete. */
  Cancelled = "CANCELLED",
  /** The connection is closed, for good. */
  ConnectionClosed = "CONNECTION_CLOSED",
  /** The connection is draining and takes no new work. */
  ConnectionDraining = "CONNECTION_DRAINING",
  /** No server could be reached. */
  ConnectionRefused = "CONNECTION_REFUSED",
  /** A server did not complete the handshake within `timeout`. */
  ConnectionTimeout = "CONNECTION_TIMEOUT",
  /** The connection to the server was lost. */
  Disconnect = "DISCONNECT",
  /** An option has a value that it cannot have. */
  InvalidOption = "INVALID_OPTION",
  /** The payload is of a type that cannot be sent. */
  InvalidPayload = "INVALID_PAYLOAD",
  /** The message is larger than the server accepts (`max_payload` of its INFO). */
  MaxPayloadExceeded = "MAX_PAYLOAD_EXCEEDED",
  /** Nobody is subscribed to the subject of a request. */
  NoResponders = "503",
  /** A function was expected. */
  NotFunction = "NOT_FUNC",
  /** The message would have to be kept while disconnected, and the reconnect buffer has no room. Not in the reference. */
  ReconnectBufferExceeded = "RECONNECT_BUFFER_EXCEEDED",
  /** A request could not be made or was answered with an error. */
  RequestError = "REQUEST_ERROR",
  /** The server does not offer something that an option asks for. */
  ServerOptionNotAvailable = "SERVER_OPT_NA",
  /** The subscription is closed. */
  SubClosed = "SUB_CLOSED",
  /** The subscription is draining. */
  SubDraining = "SUB_DRAINING",
  /** Something that was waited for did not come in time. */
  Timeout = "TIMEOUT",
  /** The TLS handshake failed, or TLS is required by one side and refused by the other. */
  Tls = "TLS",
  /** A failure that fits no other code. */
  Unknown = "UNKNOWN_ERROR",
  /** The server requires TLS, so a WebSocket must be opened with `wss:`. */
  WssRequired = "WSS_REQUIRED",

  /** JetStream: an acknowledgement that is not valid. The spelling of the value is the reference's. */
  JetStreamInvalidAck = "JESTREAM_INVALID_ACK",
  /** JetStream: the stream holds no message for this pull. */
  JetStream404NoMessages = "404",
  /** JetStream: a pull expired before it was filled. */
  JetStream408RequestTimeout = "408",
  /** JetStream: the same value as {@link ErrorCode.JetStream409}, kept because the reference has it. */
  JetStream409MaxAckPendingExceeded = "409",
  /** JetStream: a pull conflicts with the consumer's configuration or state. */
  JetStream409 = "409",
  /** JetStream is not enabled for the account. The same value as {@link ErrorCode.NoResponders}. */
  JetStreamNotEnabled = "503",
  /** JetStream: heartbeats of a consumer stopped. */
  JetStreamIdleHeartBeat = "IDLE_HEARTBEAT",

  /** The server refused the credentials (`-ERR 'Authorization Violation'`). */
  AuthorizationViolation = "AUTHORIZATION_VIOLATION",
  /** The credentials of the user ran out (`-ERR 'User Authentication Expired'`). */
  AuthenticationExpired = "AUTHENTICATION_EXPIRED",
  /** The server ended the connection for breaking the protocol, or broke it itself. */
  ProtocolError = "NATS_PROTOCOL_ERR",
  /** The user may not publish or subscribe to a subject; see {@link NatsError.permissionContext}. */
  PermissionsViolation = "PERMISSIONS_VIOLATION",
  /** The client did not authenticate in the time that the server grants. */
  AuthenticationTimeout = "AUTHENTICATION_TIMEOUT",
  /** The account of the user ran out (`-ERR 'Account Authentication Expired'`). */
  AccountExpired = "ACCOUNT_EXPIRED",
}
// biome-ignore-end lint/suspicious/noDuplicateEnumValues: see above

/** What each code means and what to do about it. Codes that two members share have one sentence. */
export const sentences: ReadonlyMap<string, string> = new Map<string, string>([
  [ErrorCode.ApiError, "This call is not supported in this way; see the documentation of the function"],
  [
    ErrorCode.BadAuthentication,
    "The credentials cannot be used; check the authenticator, seed, JWT, token or password",
  ],
  [
    ErrorCode.BadCreds,
    "This is not a credentials file; it must hold a user JWT and an nkey seed between their BEGIN and END lines",
  ],
  [
    ErrorCode.BadHeader,
    "A header is not valid; keys are printable ASCII without a colon, values have no line breaks",
  ],
  [ErrorCode.BadJson, "The value cannot be written as JSON, or the payload is not valid JSON"],
  [ErrorCode.BadPayload, "The payload must be a string or a Uint8Array"],
  [
    ErrorCode.BadSubject,
    "The subject is not valid; it needs tokens separated by dots, none empty, without white space",
  ],
  [ErrorCode.Cancelled, "The operation was cancelled before it was complete"],
  [ErrorCode.ConnectionClosed, "The connection is closed; call connect() for a new one"],
  [
    ErrorCode.ConnectionDraining,
    "The connection is draining and takes no new work; it closes when what is under way is done",
  ],
  [
    ErrorCode.ConnectionRefused,
    "No server accepted the connection; check the addresses in `servers` and that a server listens there",
  ],
  [
    ErrorCode.ConnectionTimeout,
    "No server completed the handshake in time; check the network or raise the `timeout` option",
  ],
  [ErrorCode.Disconnect, "The connection to the server was lost before this was complete"],
  [ErrorCode.InvalidOption, "An option has a value that it cannot have"],
  [ErrorCode.InvalidPayload, "The payload is of a type that cannot be sent; use a string or a Uint8Array"],
  [
    ErrorCode.MaxPayloadExceeded,
    "The message is larger than the server accepts; send less, or raise max_payload on the server",
  ],
  [
    ErrorCode.NoResponders,
    "Nobody answers this request: no subscriber on its subject, or JetStream is not enabled",
  ],
  [ErrorCode.NotFunction, "A function was expected"],
  [
    ErrorCode.ReconnectBufferExceeded,
    "Not connected, and the reconnect buffer has no room; see the option reconnectBufferSize",
  ],
  [ErrorCode.RequestError, "The request failed; the error that led to this one says why"],
  [
    ErrorCode.ServerOptionNotAvailable,
    "The server does not offer what an option asks for; use a newer server or drop the option",
  ],
  [ErrorCode.SubClosed, "The subscription is closed; subscribe again"],
  [ErrorCode.SubDraining, "The subscription is draining and will close; subscribe again"],
  [ErrorCode.Timeout, "What was waited for did not come in time; raise the timeout or check the other side"],
  [
    ErrorCode.Tls,
    "A secure connection could not be made; check the `tls` option, the certificates and the server's TLS settings",
  ],
  [ErrorCode.Unknown, "Something failed for a reason that has no code of its own"],
  [ErrorCode.WssRequired, "The server requires TLS; connect with a wss: address"],
  [ErrorCode.JetStreamInvalidAck, "The JetStream acknowledgement is not valid"],
  [ErrorCode.JetStream404NoMessages, "The stream has no message for this consumer now"],
  [ErrorCode.JetStream408RequestTimeout, "The pull request expired before it was filled; pull again"],
  [ErrorCode.JetStream409, "The pull request conflicts with the consumer's limits, configuration or state"],
  [
    ErrorCode.JetStreamIdleHeartBeat,
    "The consumer's heartbeats stopped; the server or the network is not responding",
  ],
  [
    ErrorCode.AuthorizationViolation,
    "The server refused the credentials; check user, password, token, nkey or JWT",
  ],
  [ErrorCode.AuthenticationExpired, "The user's credentials have expired; renew them"],
  [ErrorCode.ProtocolError, "One side broke the NATS protocol and the connection cannot go on"],
  [ErrorCode.PermissionsViolation, "The user is not allowed to publish or subscribe to this subject"],
  [ErrorCode.AuthenticationTimeout, "The server did not receive valid credentials in the time it grants"],
  [ErrorCode.AccountExpired, "The account of the user has expired; ask its operator to renew it"],
]);
