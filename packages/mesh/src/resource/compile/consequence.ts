/** What becomes of requests that something unsupported would have matched, changed or received. */
export const consequence = "its requests answer 500";
