// What goes wrong, in the server's words where it had any.

export class CometError extends Error {
  /**
   * @param {string} code  the server's, or one of this client's own
   * @param {string} reason
   * @param {{status?: number, retryAfterSeconds?: number, index?: number, instance?: unknown, cause?: unknown}} [details]
   */
  constructor(code, reason, { status, retryAfterSeconds, index, instance, cause } = {}) {
    super(`${code}: ${reason}`, { cause });
    this.name = "CometError";
    this.code = code;
    this.reason = reason;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.index = index;
    /** Whose request took over. */
    this.instance = instance;
  }

  /** Whether Comet itself, not something on the way, refused what it would refuse again. A slow network (408), a conflict (409) or a limit (429) may pass. */
  get permanent() {
    const { code, status = 0 } = this;
    return status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429 && code !== "unexpected-status";
  }
}
