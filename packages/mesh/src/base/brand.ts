declare const brand: unique symbol;

/** A `T` that only its parser can make: `type SpiffeId = Brand<string, "SpiffeId">`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
