import type { Log } from "../base/log.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Lines of JSON, as pino writes them, on a stream; the data path ships without a logging library. */
export class JsonLog implements Log {
  level: LogLevel = "info";
  readonly #write: (line: string) => void;
  readonly #wallMs: () => number;

  constructor(write: (line: string) => void, wallMs: () => number) {
    this.#write = write;
    this.#wallMs = wallMs;
  }

  debug(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("debug", fields, message);
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("info", fields, message);
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("warn", fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("error", fields, message);
  }

  #log(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
    const time = this.#wallMs();
    this.#write(`${JSON.stringify({ level, time, ...fields, msg: message })}\n`);
  }
}
