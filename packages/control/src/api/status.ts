import { formatPath } from "@heddle/mesh/resource/schema/path.ts";
import type { Problem } from "@heddle/mesh/resource/schema/problem.ts";

/** `meta/v1 Status`: how Kubernetes' API says that a request failed. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Success" | "Failure";
  readonly message: string;
  readonly reason?: StatusReason;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly group?: string;
    readonly causes?: readonly StatusCause[];
  };
  readonly code: number;
}

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  /** Path of the field, `spec.ports[0].port`; `<Kind>/<name> ` before it where a set of objects was sent. */
  readonly field: string;
}

const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  InternalError: 500,
  ServiceUnavailable: 503,
} as const;

export type StatusReason = keyof typeof codes;

/** Ends a request with a Status. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status;

  constructor(reason: StatusReason, message: string, details?: Status["details"]) {
    super(message);
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code: codes[reason],
    };
  }
}

/** All that is wrong with one object, in one error. */
export function invalid(
  about: { readonly kind: string; readonly group: string; readonly name: string },
  problems: readonly Problem[],
): ApiError {
  const causes = problems.map(causeOf);
  const list = causes.map(({ field, message }) =>
    field === "" ? message : `${field}: ${message}`,
  );
  const shown = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  const full = about.group === "" ? about.kind : `${about.kind}.${about.group}`;
  return new ApiError("Invalid", `${full} "${about.name}" is invalid: ${shown}`, {
    ...about,
    causes,
  });
}

function causeOf({ path, message }: Problem): StatusCause {
  const reason =
    message === "required"
      ? "FieldValueRequired"
      : message.startsWith("unknown field")
        ? "FieldValueForbidden"
        : message.includes("is there already")
          ? "FieldValueDuplicate"
          : "FieldValueInvalid";
  return { reason, message, field: formatPath(path) };
}

export function success(details: NonNullable<Status["details"]>): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    message: "",
    details,
    code: 200,
  };
}
