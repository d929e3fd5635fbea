/** `<namespace>/<name>`: how documents name a service. */
export type ServiceKey = string;
