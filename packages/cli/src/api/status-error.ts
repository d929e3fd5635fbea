/** A Kubernetes `Status` (meta/v1): how the API says no. */
export interface ApiStatus {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly ApiCause[];
  };
}

export interface ApiCause {
  readonly reason?: string;
  readonly message: string;
  /** `spec.replicas`; of a set, with the resource before it. */
  readonly field?: string;
}

/** The API has refused. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: ApiStatus;

  constructor(status: ApiStatus) {
    super(status.message);
    this.status = status;
  }
}
